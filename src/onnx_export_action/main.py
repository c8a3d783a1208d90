"""The process: begins what takes longest, then imports the program and runs it; alone reads the environment."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

from onnx_export_action import cancel
from onnx_export_action.exporters import beforehand
from onnx_export_action.workers.pool import Pool


def main() -> NoReturn:
    """Run the program; the process ends at once then, as threads that still wait for a server would hold it."""
    cancel.at_once()  # before half a second of imports
    environment = dict(os.environ)
    with Pool() as pool:
        beforehand.begin(pool, environment)
        from onnx_export_action import program

        status = program.perform(environment, sys.argv[1:], pool)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(status)
