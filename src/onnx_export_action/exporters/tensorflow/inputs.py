"""Inputs for a TensorFlow function: by its signature, or an example's values at other sizes; NumPy only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.workers.protocol import Refusal

Arrays = dict[str, np.ndarray[Any, Any]]
Shapes = Mapping[str, tuple[int | None, ...]]

BATCH = "batch_size"
LENGTH = "sequence_length"

# Below this, whole numbers of a meaning that nobody tells are drawn.
_IDS_BELOW = 100
_FLAGS = 2
_OWN_SIZES = {BATCH: 2, "height": 32, "width": 32}
_OWN_SIZE = 16


def own_sizes(axes: Axes, example: Mapping[str, Any] | None) -> Sizes:
    """The example's size of every axis; without one a batch of 2, images of 32 by 32, and 16 of anything else."""
    found: Sizes = {}
    for name, labels in axes.items():
        for axis, label in labels.items():
            usual = _OWN_SIZES.get(label, _OWN_SIZE)
            found[label] = usual if example is None else int(example[name].shape[axis])
    return found


def checked(example: Any, shapes: Shapes, dtypes: Mapping[str, str]) -> Arrays:
    """The example by input, in the function's types; a tuple goes by position."""
    given = dict(zip(shapes, example, strict=False)) if isinstance(example, tuple) else example
    given = given if isinstance(given, dict) else {next(iter(shapes)): given}
    if set(given) != set(shapes):
        raise _misfit(f"are for {', '.join(map(str, given))}, and the model takes {', '.join(shapes)}")
    for name, shape in shapes.items():
        found = np.shape(given[name])
        if len(found) != len(shape) or any(size not in (None, own) for size, own in zip(shape, found, strict=True)):
            raise _misfit(f"have the shape {found} for {name}, and the model takes {shape}")
    return {name: np.asarray(given[name]).astype(dtypes[name]) for name in shapes}


def made(
    shapes: Shapes, dtypes: Mapping[str, str], axes: Axes, sizes: Sizes, tables: Mapping[str, int], seed: int
) -> Arrays:
    """Values of every type at these sizes, ids within their tables; the same seed gives the same values."""
    generator = np.random.default_rng(seed)
    return {
        name: _value(name, _sized(shape, axes.get(name, {}), sizes), dtypes[name], tables.get(name), generator)
        for name, shape in shapes.items()
    }


def resized(example: Arrays, axes: Axes, sizes: Sizes, seed: int) -> Arrays:
    """The example repeated or cut to these sizes, its values drawn anew where they are more than flags."""
    generator = np.random.default_rng(seed)
    found = {}
    for name, value in example.items():
        for axis, label in axes.get(name, {}).items():
            value = np.take(value, np.arange(sizes[label]) % value.shape[axis], axis)
        found[name] = generator.choice(value.ravel(), value.shape) if len(np.unique(value)) > _FLAGS else value
    return found


def with_every_id(inputs: Arrays, tables: Mapping[str, int], most: int) -> Arrays:
    """As many rows as hold every id of the tables once, `most` of them at most, spread evenly."""
    ids = {
        name: np.linspace(0, size - 1, min(size, most)).round().astype(inputs[name].dtype)
        for name, size in tables.items()
    }
    rows = max(-(-len(wanted) // max(1, inputs[name][0].size)) for name, wanted in ids.items())
    repeated = {name: np.resize(_seen(name, value), (rows, *value.shape[1:])) for name, value in inputs.items()}
    return {**repeated, **{name: np.resize(wanted, repeated[name].shape) for name, wanted in ids.items()}}


def _seen(name: str, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A mask that hides no id; anything else as it is."""
    return np.ones_like(value) if "mask" in name else value


def _sized(shape: tuple[int | None, ...], labels: Mapping[int, str], sizes: Sizes) -> tuple[int, ...]:
    return tuple(sizes[labels[axis]] if size is None else size for axis, size in enumerate(shape))


def _value(
    name: str, shape: tuple[int, ...], dtype: str, table: int | None, generator: np.random.Generator
) -> np.ndarray[Any, Any]:
    if "float" in dtype:
        return generator.standard_normal(shape).astype(dtype)
    if "mask" in name:
        return _mask(shape).astype(dtype)
    if dtype == "bool":
        return generator.integers(0, _FLAGS, shape).astype(dtype)
    return generator.integers(0, table or _IDS_BELOW, shape).astype(dtype)


def _mask(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Ones, and zeros at the end of every second and third row."""
    mask = np.ones(shape)
    if len(shape) > 1:
        for row in range(shape[0]):
            mask[row, max(1, shape[1] - (row % 3) * (shape[1] // 3)) :] = 0
    return mask


def _misfit(what: str) -> Refusal:
    return Refusal(f"The example inputs {what}.", "Name them as the model's signature does, with its shapes.", "usage")
