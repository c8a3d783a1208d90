"""What a run touches outside itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.github.context import Context
from onnx_export_action.log import Log
from onnx_export_action.workers.pool import Pool


@dataclass(frozen=True)
class Edges:
    """Built once in main."""

    environment: dict[str, str]
    context: Context
    hub_endpoint: str
    cache: Path
    worker_user: int | None
    log: Log
    pool: Pool
