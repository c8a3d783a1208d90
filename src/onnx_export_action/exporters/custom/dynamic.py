"""Which axes of example inputs are dynamic: as the user declares them, or the first one of each, to be tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.workers.protocol import Refusal

Tensors = Mapping[str, torch.Tensor]
Origin = Literal["declared", "kept", "guessed"]

_BATCH = "batch_size"
_REMEDY = 'Write `dynamic_axes = {"x": {0: "batch", 1: "time"}}`, or `{"x": [0, 1]}`.'


@dataclass(frozen=True)
class Open:
    """Axes that may have other sizes, and who says so: the user, a saved program, or nobody yet."""

    axes: Axes
    origin: Origin


def given_or_guessed(given: Any, example: Tensors) -> Open:
    """The declared axes; where none are, the first one of every input, to be tried."""
    return Open(guessed(example), "guessed") if given is None else Open(declared(given, example), "declared")


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


def sentence(axes: Axes, origin: Origin) -> str:
    """What was found where nothing was declared, or where a program keeps an axis open and refuses other sizes."""
    start = (
        "No `dynamic_axes` are declared" if origin == "guessed" else "Not every axis of the program takes other sizes"
    )
    if not axes:
        return f"{start}, and the model answers at no other batch size: every axis is fixed."
    places = [f"axis {axis} of {name}" for name, labels in axes.items() for axis in labels]
    return (
        f"{start}: {', '.join(places)} {'was' if len(places) == 1 else 'were'} found to be dynamic, all others fixed."
    )


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
