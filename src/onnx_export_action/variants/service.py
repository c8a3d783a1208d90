"""The worker of one variant: makes the file, then answers as a validating worker does."""

from __future__ import annotations

from pathlib import Path

from onnx_export_action.validation import service
from onnx_export_action.variants import making


class Service(service.Service):
    """The operations of a validating worker, and making the file first."""

    def make(self, name: str, source: str, file: str) -> None:
        """Write the variant of the source file."""
        making.make(name, Path(source), Path(file))
