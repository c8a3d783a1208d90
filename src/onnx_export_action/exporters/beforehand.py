"""An exporter that starts before the program's own imports; it alone needs none of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from onnx_export_action.exporters import SERVICE
from onnx_export_action.log import Silent
from onnx_export_action.workers import access, interpreters
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool


def begin(pool: Pool, environment: Mapping[str, str]) -> None:
    """Have the one that most checkpoints take in the pool, outside of GitHub: there a baseline may spare the export.

    Its limits are those of whoever takes it; a run that has no use for it ends it.
    """
    if not environment.get("GITHUB_REPOSITORY"):
        host = Host(sys.float_info.max, sys.maxsize, access.asked_for(environment), dict(environment))
        pool.prepare(interpreters.main(), SERVICE, host, Silent())
