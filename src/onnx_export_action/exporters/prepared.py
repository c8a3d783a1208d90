"""An exporter that imports its libraries before it is asked for: it takes seconds, in which others have work to do."""

from __future__ import annotations

from onnx_export_action import sources
from onnx_export_action.exporters import SERVICE
from onnx_export_action.log import Log
from onnx_export_action.settings import Settings
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool


def prepare(settings: Settings, host: Host, pool: Pool, log: Log) -> None:
    """Start the one that most checkpoints take, where the model can be one; where not, end one that began before."""
    checkpoint = not is_foreign(settings) and not settings.model.partition(":")[0].endswith(sources.ONE_FILE)
    if settings.mode == "run" and checkpoint and settings.exporter not in ("optimum", "tensorflow"):
        pool.prepare(interpreters.main(), SERVICE, host, log)
    else:
        pool.end_prepared()


def is_foreign(settings: Settings) -> bool:
    """Whether a worker may run somebody's code; such a one is never kept."""
    return settings.trust_remote_code or settings.requirements is not None or settings.onnx_file is not None
