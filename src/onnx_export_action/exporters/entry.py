"""What an exporting worker starts with: its libraries, imported without what few models need, then its service."""

from onnx_export_action.exporters.lean.importing import importing

with importing():
    from onnx_export_action.exporters.service import Service

__all__ = ["Service"]
