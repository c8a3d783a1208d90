"""What all runs pay for, before a baseline says whether there is anything to export."""

from __future__ import annotations

import subprocess
import sys


def test_import__needs_no_numpy() -> None:
    code = "import sys, onnx_export_action.stages; print({'numpy', 'onnx', 'onnxruntime', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
