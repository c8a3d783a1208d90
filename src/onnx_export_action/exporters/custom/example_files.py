"""Example inputs in an .npz or JSON file, as nested NumPy arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from onnx_export_action.workers.protocol import Refusal


def read(file: Path) -> Any:
    """The values in a file, by name where it has names; nothing is unpickled."""
    try:
        return _of_npz(file) if file.suffix == ".npz" else _of_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        first = (str(error).splitlines() or [""])[0][:200]
        raise Refusal(
            f"The example inputs in {file.name} cannot be read: {type(error).__name__}: {first}",
            "docs/custom.md shows how an .npz and a JSON file are read; pickled arrays are not.",
            "usage",
        ) from error


def _of_npz(file: Path) -> Any:
    """Arrays by name: `state.h` is `h` in `state`, numbered parts are a tuple, as are those that NumPy numbers."""
    nested: dict[str, Any] = {}
    with np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            *outer, last = name.removeprefix("arr_").split(".")
            folder = nested
            for step in outer:
                folder = folder.setdefault(step, {})
            folder[last] = arrays[name]
    return _with_tuples(nested)


def _with_tuples(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _with_tuples(part) for key, part in value.items()}
    numbered = sorted(inner, key=lambda key: int(key) if key.isdigit() else -1)
    return tuple(inner[key] for key in numbered) if inner and numbered == [str(n) for n in range(len(inner))] else inner


def _of_json(value: Any) -> Any:
    """Lists of numbers of one shape are arrays, other lists tuples, objects dictionaries, single values constants."""
    if isinstance(value, dict):
        return {key: _of_json(part) for key, part in value.items()}
    if not isinstance(value, list):
        return value
    array = _as_array(value)
    return tuple(_of_json(part) for part in value) if array is None else array


def _as_array(value: list[Any]) -> np.ndarray[Any, Any] | None:
    try:
        array = np.asarray(value)
    except ValueError:  # lists of several lengths
        return None
    if array.dtype.kind not in "biuf" or not array.size:
        return None
    return array.astype(np.float32) if array.dtype.kind == "f" else array
