"""A ready `.onnx`: it is validated and benchmarked, never exported."""

from __future__ import annotations

import os
from pathlib import Path

from onnx_export_action.errors import UsageError
from onnx_export_action.hashing import record_of
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources.lfs import check_not_pointer
from onnx_export_action.sources.names import shown_name
from onnx_export_action.wire import GREATEST_BYTES


def read(path: Path, settings: Settings) -> Model:
    """The record of an ONNX file; its external data is looked at when the file is validated."""
    if path.suffix != ".onnx" or not path.is_file():
        raise UsageError(
            f"the model {path.name!r} is a file, but not an .onnx file.",
            "Name the folder that holds config.json and the weights, or an .onnx file; docs/sources.md lists all.",
        )
    _check(path)
    return Model(
        id=shown_name(path, settings.workspace),
        path=str(path.resolve()),
        kind="onnx",
        revision=None,
        task=settings.task,
        architecture="onnx",
        weights=(record_of(path, path.name),),
    )


def named(settings: Settings) -> Path | None:
    """The file that `onnx-file` names, or the `model.onnx` of its folder; None where the input is not given."""
    if settings.onnx_file is None:
        return None
    path = settings.workspace / settings.onnx_file
    file = path / "model.onnx" if os.path.isdir(path) else path
    if file.suffix != ".onnx" or not os.path.isfile(file):
        raise UsageError(
            f"onnx-file: {settings.onnx_file[:120]!r} is no .onnx file, and no folder with a model.onnx.",
            "Paths start at the workspace, in a shell at the current folder.",
        )
    _check(file)
    return file


def _check(path: Path) -> None:
    check_not_pointer(path)
    size = path.stat().st_size
    if size == 0:
        raise UsageError(f"{path.name} is empty.", "Export or download the file again.")
    if size > GREATEST_BYTES:
        raise UsageError(
            f"{path.name} has {size / 2**30:.1f} GiB, and a protobuf of 2 GiB or more cannot be read.",
            "Save the weights as external data: `onnx.save(model, path, save_as_external_data=True)`.",
        )
