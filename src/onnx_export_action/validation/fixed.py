"""Ask the validating worker what fixes an axis of a file that gave no answer at some sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def _asked(
    worker: Worker, file: Path, graph: Graph, axes: Axes, tried: Sequence[dict[str, Any]], case: dict[str, Any]
) -> list[Fixing]:
    own = _sizes(case, axes)
    other = max(tried, key=lambda each: sum(size != own.get(label) for label, size in _sizes(each, axes).items()))
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


def _volume(case: dict[str, Any]) -> int:
    return sum(prod(shape) for shape in case["inputs"].values())
