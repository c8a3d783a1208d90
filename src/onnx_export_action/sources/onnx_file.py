"""A ready `.onnx`: it is validated and benchmarked, never exported."""

from __future__ import annotations

from pathlib import Path

from onnx_export_action.errors import UsageError
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources.hashing import record_of
from onnx_export_action.sources.lfs import check_not_pointer
from onnx_export_action.sources.names import shown_name


def read(path: Path, settings: Settings) -> Model:
    """The record of an ONNX file; its external data is looked at when the file is validated."""
    if path.suffix != ".onnx" or not path.is_file():
        raise UsageError(
            f"the model {path.name!r} is a file, but not an .onnx file.",
            "Name the folder that holds config.json and the weights, or an .onnx file.",
        )
    check_not_pointer(path)
    if path.stat().st_size == 0:
        raise UsageError(f"{path.name} is empty.", "Export or download the file again.")
    return Model(
        id=shown_name(path, settings.workspace),
        path=str(path.resolve()),
        kind="onnx",
        revision=None,
        task=settings.task,
        architecture="onnx",
        weights=(record_of(path, path.name),),
    )
