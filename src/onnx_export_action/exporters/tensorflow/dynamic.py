"""Which axes a signature leaves open, what they are called, and which of them have one size; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.exporters.tensorflow.inputs import BATCH, LENGTH, Shapes

_IMAGE_RANK = 4


def open_axes(shapes: Shapes) -> Axes:
    """A name for every open axis; axes in the same place of several inputs have the same."""
    axes = {
        name: {axis: _label(axis, shape) for axis, size in enumerate(shape) if size is None}
        for name, shape in shapes.items()
    }
    return {name: labels for name, labels in axes.items() if labels}


def named_apart_by(axes: Axes, example: Mapping[str, Any] | None) -> Axes:
    """Axes of one name get names of their own where an example has several sizes for it."""
    found = axes
    if example is None:
        return found
    for label, sharing in _shared(axes):
        sizes = {example[name].shape[axis] for name in sharing for axis, own in axes[name].items() if own == label}
        for name in sharing if len(sizes) > 1 else ():
            found = _renamed(found, name, label)
    return found


def named_apart(axes: Axes, sizes: Sizes, accepts: Callable[[Axes, Sizes], bool]) -> Axes:
    """The same where the model takes one of them at another size than the others; a batch stays one."""
    found = axes
    for label, sharing in _shared(axes):
        for name in sharing if label != BATCH else ():
            alone = _renamed(found, name, label)
            same = {**sizes, **dict.fromkeys((_own(each, label) for each in sharing), sizes[label])}
            found = alone if accepts(alone, {**same, _own(name, label): 2 * sizes[label] + 1}) else found
    return found


def split(axes: Axes, refused: list[str]) -> tuple[Axes, Axes]:
    """The axes that are dynamic, and those of the names that the model refuses at any other size."""
    dynamic = {name: {a: label for a, label in own.items() if label not in refused} for name, own in axes.items()}
    fixed = {name: {a: label for a, label in own.items() if label in refused} for name, own in axes.items()}
    return {name: own for name, own in dynamic.items() if own}, {name: own for name, own in fixed.items() if own}


def sentence(fixed: Axes) -> str:
    """What the signature leaves open and the model does not."""
    places = [f"axis {axis} of {name}" for name, labels in fixed.items() for axis in labels]
    return f"The signature leaves {', '.join(places)} open, but the model answers at no other size: fixed in the file."


def _shared(axes: Axes) -> Iterator[tuple[str, list[str]]]:
    for label in dict.fromkeys(label for labels in axes.values() for label in labels.values()):
        sharing = [name for name, labels in axes.items() if label in labels.values()]
        if len(sharing) > 1:
            yield label, sharing


def _label(axis: int, shape: tuple[int | None, ...]) -> str:
    if axis == 0:
        return BATCH
    if len(shape) == _IMAGE_RANK:
        first = 1 if shape[3] is not None else 2
        return {first: "height", first + 1: "width"}.get(axis, f"axis_{axis}")
    return LENGTH if axis == 1 else f"axis_{axis}"


def _renamed(axes: Axes, name: str, label: str) -> Axes:
    return {**axes, name: {axis: _own(name, own) if own == label else own for axis, own in axes[name].items()}}


def _own(name: str, label: str) -> str:
    return f"{name}_{label}"
