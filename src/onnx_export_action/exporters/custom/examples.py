"""Example inputs: from an .npz or JSON file, or as the user's own function gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from onnx_export_action.exporters.custom.nesting import Call
from onnx_export_action.workers.protocol import Refusal


def read(file: Path) -> Any:
    """The values in a file, by name where it has names."""
    try:
        return _of_arrays(file) if file.suffix == ".npz" else _tensors(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        first = (str(error).splitlines() or [""])[0][:200]
        raise Refusal(
            f"The example inputs in {file.name} cannot be read: {type(error).__name__}: {first}",
            "docs/sources.md shows how an .npz and a JSON file are read; pickled arrays are not.",
            "usage",
        ) from error


def as_call(given: Any, parameters: tuple[str, ...]) -> Call:
    """A tuple or list is positional; a dictionary is by keyword when it has names of parameters; else one argument."""
    if isinstance(given, Mapping) and given and set(given) <= set(parameters):
        return Call((), {name: given[name] for name in parameters if name in given})
    if isinstance(given, (tuple, list)) and not hasattr(given, "_fields"):
        return Call(tuple(given), {})
    return Call((given,), {})


def _of_arrays(file: Path) -> Any:
    """Arrays by name: `state.h` is `h` in `state`, numbered parts are a tuple, as are those that NumPy numbers."""
    nested: dict[str, Any] = {}
    with np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            *outer, last = name.removeprefix("arr_").split(".") if name.startswith("arr_") else name.split(".")
            folder = nested
            for step in outer:
                folder = folder.setdefault(step, {})
            folder[last] = torch.from_numpy(np.array(arrays[name]))
    return _with_tuples(nested)


def _with_tuples(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _with_tuples(part) for key, part in value.items()}
    numbered = sorted(inner, key=lambda key: int(key) if key.isdigit() else -1)
    return tuple(inner[key] for key in numbered) if inner and numbered == [str(n) for n in range(len(inner))] else inner


def _tensors(value: Any) -> Any:
    """Lists of numbers of one shape are tensors, other lists tuples, objects dictionaries, single values constants."""
    if isinstance(value, dict):
        return {key: _tensors(part) for key, part in value.items()}
    if not isinstance(value, list):
        return value
    if _is_numeric(value):
        return torch.tensor(value)
    return tuple(_tensors(part) for part in value)


def _is_numeric(value: Any) -> bool:
    """Whether nested lists hold numbers alone, in one shape."""
    if not isinstance(value, list):
        return isinstance(value, (int, float))
    if not value or not all(_is_numeric(part) for part in value):
        return False
    return len({len(part) if isinstance(part, list) else -1 for part in value}) == 1 and _is_even(value)


def _is_even(value: list[Any]) -> bool:
    try:
        return np.asarray(value).dtype != object
    except ValueError:
        return False
