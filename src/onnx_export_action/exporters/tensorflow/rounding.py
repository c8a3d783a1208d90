"""How far the answers move when every weight and every input is moved to a neighbour: what no file can be blamed for.

Up or down by the toss of a coin, as one more rounding would. Parts in between cannot be reached in a saved graph, but
a product with moved weights moves as its own rounding does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ml_dtypes
import numpy as np

from onnx_export_action.exporters.tensorflow.function import Function
from onnx_export_action.exporters.tensorflow.inputs import Arrays


def of(function: Function, inputs: Arrays, outputs: Arrays, seed: int) -> dict[str, tuple[float, float]]:
    """For each output the greatest difference and its root mean square; nothing where nothing can be moved."""
    generator = np.random.default_rng(seed)
    given = {name: _moved(value, generator) for name, value in inputs.items()}
    if not function.variables and all(given[name] is value for name, value in inputs.items()):
        return {}
    with _moved_weights(function, generator):
        moved = function.answer(given)
    return {
        name: _differences(value, moved[name])
        for name, value in outputs.items()
        if _is_floating(value) and value.size and value.shape == moved[name].shape
    }


@contextmanager
def _moved_weights(function: Function, generator: np.random.Generator) -> Iterator[None]:
    kept = [(variable, variable.numpy()) for variable in function.variables]
    try:
        for variable, value in kept:
            variable.assign(_moved(value, generator))
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def _moved(value: np.ndarray[Any, Any], generator: np.random.Generator) -> np.ndarray[Any, Any]:
    if not _is_floating(value):
        return value
    signs = 2 * generator.integers(0, 2, value.shape, dtype=np.int8) - 1
    moved: np.ndarray[Any, Any] = value * (1 + signs * float(ml_dtypes.finfo(value.dtype).eps))
    return moved.astype(value.dtype)


def _differences(value: np.ndarray[Any, Any], moved: np.ndarray[Any, Any]) -> tuple[float, float]:
    difference = np.nan_to_num(moved.astype(np.float64) - value.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return float(np.abs(difference).max()), float(np.sqrt(np.square(difference).mean()))


def _is_floating(value: np.ndarray[Any, Any]) -> bool:
    return "float" in value.dtype.name
