"""A Keras model in one file, `.keras` or HDF5: its configuration is read, to name code that is not there."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnx_export_action.errors import UsageError
from onnx_export_action.hashing import record_of
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources.lfs import check_not_pointer
from onnx_export_action.sources.names import shown_name

HDF5 = (".h5", ".hdf5")
SUFFIXES = (".keras", *HDF5)

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LARGEST_CONFIG = 1 << 26
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_KERAS_ITSELF = ("keras", "builtins")
_SAVE = "Save the whole model again: `model.save('model.keras')`."
_EXPORT = "Save it as a SavedModel, which holds the computation itself: `model.export(folder)`."


def fits(path: Path) -> bool:
    """Whether a file may be a Keras model, by its name."""
    return path.is_file() and path.suffix in SUFFIXES


def read(path: Path, settings: Settings) -> Model:
    """The record of a Keras file; Keras opens it in a worker."""
    check_not_pointer(path)
    if path.suffix in HDF5:
        _check_signature(path)
        config: dict[str, Any] = {}
    else:
        config = _config(path)
        _check_code(path, config, trusted=settings.trust_remote_code)
    return Model(
        id=shown_name(path, settings.workspace),
        path=str(path.resolve()),
        kind="keras",
        task=settings.task,
        architecture=str(config.get("class_name", "Keras"))[:80],
        weights=(record_of(path, path.name),),
    )


def _check_signature(path: Path) -> None:
    with path.open("rb") as stream:
        if stream.read(len(_SIGNATURE)) != _SIGNATURE:
            raise UsageError(f"{path.name} is no HDF5 file, or it is cut off.", _SAVE)


def _config(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if _CONFIG in names and archive.getinfo(_CONFIG).file_size <= _LARGEST_CONFIG:
                content = json.loads(archive.read(_CONFIG))
                if isinstance(content, dict) and _WEIGHTS in names:
                    return content
    except (zipfile.BadZipFile, ValueError, RecursionError, OSError, NotImplementedError):
        pass
    raise UsageError(
        f"{path.name} is no file that `model.save` of Keras 3 writes, or it is cut off.",
        _SAVE,
    )


def _check_code(path: Path, config: dict[str, Any], *, trusted: bool) -> None:
    """Refuse what Keras could build only by running code: classes of others, and a Lambda unless it is trusted."""
    classes = {(str(part["class_name"]), part.get("module")) for part in _parts(config)}
    custom = sorted(name for name, module in classes if str(module).split(".")[0] not in _KERAS_ITSELF)
    if custom:
        raise UsageError(f"{path.name} has layers whose code is not in Keras: {', '.join(custom)[:200]}.", _EXPORT)
    if not trusted and any(name in ("Lambda", "__lambda__") for name, _ in classes):
        raise UsageError(
            f"{path.name} has a Lambda layer, whose Python code would be run to load it.",
            f"{_EXPORT} Or read that code and set `trust-remote-code: true`.",
        )


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a configuration that Keras makes of a class."""
    if isinstance(value, dict):
        if "class_name" in value and "module" in value:
            yield value
        for part in value.values():
            yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
