"""Which axes of the outputs follow which axes of the inputs, found from the answers; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Shapes = Mapping[str, Sequence[int]]
Axes = dict[str, dict[int, str]]


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
