"""What the stages of one run share, so that none of them takes eight parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.log import Log
from onnx_export_action.progress import Progress
from onnx_export_action.settings import Settings
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool


@dataclass(frozen=True)
class Stage:
    """The settings, where workers run, a folder for unfinished files, and what is known so far."""

    settings: Settings
    host: Host
    threads: int
    work: Path
    log: Log
    progress: Progress
    pool: Pool
    old_runtime: Path | None = None  # the folder of the target's release, where it is to be tried
