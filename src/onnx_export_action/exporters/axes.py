"""Which axes of the inputs are dynamic, and which of the outputs follow them, found from the answers; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Shapes = Mapping[str, Sequence[int]]
Axes = dict[str, dict[int, str]]

HEIGHT, WIDTH = "height", "width"
Scope = Literal["any size", "one size", "one image"]  # the images that a file is asked to take


def answered(axes: Axes, shapes: Sequence[Shapes]) -> Axes:
    """The axes without height and width of images where the model itself has answered one size alone."""
    return {
        name: {
            axis: label for axis, label in labels.items() if label not in (HEIGHT, WIDTH) or _varies(shapes, name, axis)
        }
        for name, labels in axes.items()
    }


def all_vary(axes: Axes, shapes: Sequence[Shapes]) -> bool:
    """Whether every axis has had two sizes."""
    return all(_varies(shapes, name, axis) for name, labels in axes.items() for axis in labels)


def of_images(axes: Axes) -> set[str]:
    """Which of height and width are among the axes."""
    return {label for labels in axes.values() for label in labels.values()} & {HEIGHT, WIDTH}


def _varies(shapes: Sequence[Shapes], name: str, axis: int) -> bool:
    return len({shape[name][axis] for shape in shapes}) > 1


def of_outputs(input_axes: Axes, answered: Sequence[tuple[Shapes, Shapes]]) -> Axes:
    """Output name to axis to the label of the input axis that had the same size in every case, where it changed."""
    found: Axes = {}
    for name, shape in answered[0][1].items():
        for axis in range(len(shape)):
            sizes = [outputs[name][axis] for _, outputs in answered if len(outputs[name]) == len(shape)]
            label = next((label for label, values in _sizes(input_axes, answered).items() if values == sizes), None)
            if label is not None and len(set(sizes)) > 1:
                found.setdefault(name, {})[axis] = label
    return found


def _sizes(input_axes: Axes, answered: Sequence[tuple[Shapes, Shapes]]) -> dict[str, list[int]]:
    places = {label: (name, axis) for name, labels in input_axes.items() for axis, label in labels.items()}
    return {label: [inputs[name][axis] for inputs, _ in answered] for label, (name, axis) in places.items()}
