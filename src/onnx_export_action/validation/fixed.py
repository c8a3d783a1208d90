"""Ask the validating worker what fixes an axis of a file that gave no answer at some sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any

from onnx_export_action.records import Case, Fixing, Graph
from onnx_export_action.workers.client import Worker, WorkerFailure

Axes = Mapping[str, Mapping[int, str]]

_MOST = 3


def by(
    worker: Worker, file: Path, graph: Graph, axes: Axes, tried: Sequence[dict[str, Any]], cases: Sequence[Case]
) -> tuple[Fixing, ...]:
    """The places by the smallest cases without an answer; those that name an axis where any does."""
    unanswered = {case.shape for case in cases if case.error}
    smallest = sorted((case for case in tried if case["shape"] in unanswered), key=_volume)[:_MOST]
    found: list[Fixing] = []
    for case in smallest:
        more = [fixing for fixing in _asked(worker, file, graph, axes, tried, case) if fixing not in found]
        if not more:
            break
        found += more
    named = [fixing for fixing in found if fixing.axis]
    return tuple(named or found)


def frozen(
    worker: Worker, file: Path, axes: Axes, sample: Mapping[str, Sequence[int]], wrong: Sequence[dict[str, Any]]
) -> tuple[Fixing, ...]:
    """The place that holds the size of the export, as two large cases that were answered wrongly show it."""
    samples = _sizes({"inputs": sample}, axes)
    if not samples or len(wrong) < 2:
        return ()
    pair = max(
        combinations(wrong, 2), key=lambda two: (_differing(two[0], two[1], axes), _volume(two[0]) + _volume(two[1]))
    )
    try:
        found = worker.call(
            "frozen", file=str(file), failing=pair[0]["file"], other=pair[1]["file"], axes=axes, samples=samples
        )
    except WorkerFailure:
        return ()
    return (Fixing.model_validate(found),) if found else ()


def _asked(
    worker: Worker, file: Path, graph: Graph, axes: Axes, tried: Sequence[dict[str, Any]], case: dict[str, Any]
) -> list[Fixing]:
    own = _sizes(case, axes)
    other = max(tried, key=lambda each: _differing(case, each, axes))
    declared = {label: size for label, size in _declared(graph, axes).items() if own.get(label) != size}
    try:
        found = worker.call(
            "fix", file=str(file), failing=case["file"], other=other["file"], axes=axes, declared=declared
        )
    except WorkerFailure:
        return []  # the failure itself is in the report; that its place is not found is no other one
    return [Fixing.model_validate(each) for each in found]


def _declared(graph: Graph, axes: Axes) -> dict[str, int]:
    """The wanted axes to which the file itself gives one size."""
    shapes = {tensor.name: tensor.shape for tensor in graph.inputs}
    return {
        label: size
        for name, labels in axes.items()
        for axis, label in labels.items()
        if axis < len(shapes.get(name, ())) and isinstance(size := shapes[name][axis], int)
    }


def _sizes(case: dict[str, Any], axes: Axes) -> dict[str, int]:
    shapes = case["inputs"]
    given = ((shapes[name], labels) for name, labels in axes.items() if name in shapes)
    return {label: shape[axis] for shape, labels in given for axis, label in labels.items()}


def _differing(one: dict[str, Any], other: dict[str, Any], axes: Axes) -> int:
    """How many axes have another size in each."""
    return len(_sizes(one, axes).items() - _sizes(other, axes).items())


def _volume(case: dict[str, Any]) -> int:
    return sum(prod(shape) for shape in case["inputs"].values())
