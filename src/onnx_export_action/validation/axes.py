"""The axes of a file's inputs: at which sizes each was right, and why one that nobody asked for is fixed; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from onnx_export_action.records import Axis, Case, Graph, Tensor

Wanted = Mapping[str, Mapping[int, str]]
Trials = Sequence[dict[str, Any]]

_OF_AN_IMAGE = {2: "height", 3: "width"}


def runnable(graph: Graph, wanted: Wanted, tried: Trials) -> list[dict[str, Any]]:
    """The cases whose sizes the file claims to take; a size that only wanted axes could fix stays in."""
    fixed = {
        (tensor.name, axis): size
        for tensor in graph.inputs
        for axis, size in enumerate(tensor.shape)
        if isinstance(size, int) and axis not in wanted.get(tensor.name, {})
    }
    return [
        case
        for case in tried
        if all(
            fixed.get((name, axis), size) == size
            for name, shape in case["inputs"].items()
            for axis, size in enumerate(shape)
        )
    ]


def found(
    graph: Graph, wanted: Wanted, cases: Sequence[Case], tried: Trials, refused: Trials, one_size: str
) -> tuple[Axis, ...]:
    """Every axis that is wanted or that the file declares, and every other that was tried at another size.

    `one_size` says why a file has one size where its model has answered at others.
    """
    ran = [case for case in cases if case.passed]
    return tuple(
        axis
        for tensor in graph.inputs
        for axis in _of(tensor, wanted.get(tensor.name, {}), ran, tried, refused, one_size)
    )


def _of(
    tensor: Tensor, wanted: Mapping[int, str], ran: Sequence[Case], tried: Trials, refused: Trials, one_size: str
) -> Iterator[Axis]:
    for place, size in enumerate(tensor.shape):
        declared = isinstance(size, str)
        reason = "" if place in wanted or declared else _reason(tensor.name, place, size, tried, refused, one_size)
        if place in wanted or declared or reason:
            name = wanted.get(place) or (str(size) if declared else _name(tensor, place))
            right = sorted({case.inputs[tensor.name][place] for case in ran if tensor.name in case.inputs})
            yield Axis(
                input=tensor.name,
                axis=place,
                name=name,
                wanted=place in wanted,
                declared=declared,
                sizes=tuple(right),
                reason=reason,
            )


def _reason(name: str, place: int, size: int | str, tried: Trials, refused: Trials, one_size: str) -> str:
    """Why the file has this size alone; empty where nobody tried another."""
    taken, others = _other_sizes(name, place, size, tried), _other_sizes(name, place, size, refused)
    if taken:
        return f"the model takes {taken[0][0]} too, {one_size}"
    return f"the model itself refuses {others[0][0]}: {others[0][1]['why']}" if others else ""


def _other_sizes(name: str, place: int, size: int | str, cases: Trials) -> list[tuple[int, dict[str, Any]]]:
    of_it = ((case["inputs"][name][place], case) for case in cases if name in case["inputs"])
    return [(other, case) for other, case in of_it if other != size]


def _name(tensor: Tensor, place: int) -> str:
    return _OF_AN_IMAGE.get(place, "size") if len(tensor.shape) == 4 else "size"
