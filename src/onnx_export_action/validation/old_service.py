"""The validating worker upon another release of ONNX Runtime, which is put first on the path; all else is as usual."""

from __future__ import annotations

import importlib
import sys
from typing import Any


class Service:
    """The operations of the validating worker, behind `use`."""

    def use(self, folder: str) -> str:
        """Take ONNX Runtime, and NumPy where it lies beside, from a folder; tells the version that was loaded."""
        sys.path.insert(0, folder)
        self._service = importlib.import_module("onnx_export_action.validation.service").Service()
        return str(importlib.import_module("onnx_export_action.validation.session").version())

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._service, operation)
