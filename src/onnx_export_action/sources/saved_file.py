"""A program that PyTorch saved as one file: what it is, its parts say, and nothing is unpickled to find out."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from onnx_export_action.errors import UsageError
from onnx_export_action.hashing import record_of
from onnx_export_action.records import Model
from onnx_export_action.records.model import Kind
from onnx_export_action.settings import Settings
from onnx_export_action.sources.lfs import check_not_pointer
from onnx_export_action.sources.names import shown_name

SUFFIXES = (".pt2", ".pt", ".pth", ".ts", ".jit", ".torchscript")
_NAMES: dict[Kind, str] = {"program": "torch.export", "torchscript": "TorchScript"}


def fits(path: Path) -> bool:
    """Whether a file may be a saved program, by its name."""
    return path.is_file() and path.suffix in SUFFIXES


def read(path: Path, settings: Settings) -> Model:
    """The record of a `torch.export` program or a TorchScript file."""
    check_not_pointer(path)
    kind = _kind(path)
    return Model(
        id=shown_name(path, settings.workspace),
        path=str(path.resolve()),
        kind=kind,
        task=settings.task,
        architecture=_NAMES[kind],
        weights=(record_of(path, path.name),),
    )


def _kind(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.namelist()}
            flat = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        raise UsageError(
            f"{path.name} is no file that `torch.export.save` or `torch.jit.save` writes, or it is cut off.",
            "Save the program again, or name the callable that makes the module: `model: file.py:factory`.",
        ) from None
    if "archive_format" in inside or "serialized_exported_program.json" in flat:
        return "program"
    if "constants.pkl" in inside:
        return "torchscript"
    raise UsageError(
        f"{path.name} holds pickled weights or a pickled module (`torch.save`), and no program.",
        "Write a callable that makes the module and loads them: `model: file.py:factory`.",
    )
