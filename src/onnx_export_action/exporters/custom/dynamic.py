"""Which axes of example inputs are dynamic: as the user declares them, or the first one of each, to be tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.workers.protocol import Refusal

Tensors = Mapping[str, torch.Tensor]

_BATCH = "batch_size"
_REMEDY = 'Write `dynamic_axes = {"x": {0: "batch", 1: "time"}}`, or `{"x": [0, 1]}`.'


def declared(given: Any, example: Tensors) -> Axes:
    """The user's declaration by input, held to the example; an axis without a name gets one."""
    if not isinstance(given, Mapping):
        raise _wrong(f"is a {type(given).__name__}, not a dictionary")
    axes: Axes = {}
    for name, wanted in given.items():
        if name not in example:
            raise _wrong(f"names {str(name)[:80]!r}, which is no input; the inputs are {', '.join(example)}")
        for axis, label in _labels(str(name), wanted).items():
            place = axis + example[name].ndim if axis < 0 else axis
            if not 0 <= place < example[name].ndim:
                raise _wrong(f"names axis {axis} of {name}, which has {example[name].ndim}")
            axes.setdefault(str(name), {})[place] = label
    return axes


def guessed(example: Tensors) -> Axes:
    """The first axis of every input that has the first input's size there: a batch, if the module accepts that."""
    sized = {name: value for name, value in example.items() if value.ndim}
    first = next(iter(sized.values()), None)
    return {name: {0: _BATCH} for name, value in sized.items() if first is not None and len(value) == len(first)}


def sizes_of(axes: Axes, example: Tensors) -> Sizes:
    """The example's size of every dynamic axis; the same name means the same size."""
    found: Sizes = {}
    for name, labels in axes.items():
        for axis, label in labels.items():
            size = example[name].shape[axis]
            if found.setdefault(label, size) != size:
                raise _wrong(f"gives the name {label!r} to axes of the sizes {found[label]} and {size}")
    return found


def without(axes: Axes, labels: Sequence[str]) -> Axes:
    """The axes but for those of some names."""
    kept = {name: {axis: label for axis, label in own.items() if label not in labels} for name, own in axes.items()}
    return {name: own for name, own in kept.items() if own}


def found_sentence(axes: Axes, example: Tensors) -> str:
    """What was found where nothing was declared."""
    if not axes:
        return "No `dynamic_axes` are declared, and the model answers at no other batch size: every axis is fixed."
    others = "" if all(value.ndim < 2 for value in example.values()) else ", and every other axis is fixed"
    return f"No `dynamic_axes` are declared: axis 0 of {', '.join(axes)} was found to be dynamic{others}."


def _labels(name: str, wanted: Any) -> dict[int, str]:
    if isinstance(wanted, Mapping):
        given = dict(wanted)
    elif isinstance(wanted, (tuple, list, set)):
        given = {axis: _BATCH if axis == 0 else f"{name}_{axis}" for axis in wanted}
    else:
        raise _wrong(f"has a {type(wanted).__name__} for {name}")
    if not all(isinstance(axis, int) and isinstance(label, str) and label.strip() for axis, label in given.items()):
        raise _wrong(f"has no numbers with names for {name}")
    return given


def _wrong(what: str) -> Refusal:
    return Refusal(f"`dynamic_axes` {what}.", _REMEDY, "usage")
