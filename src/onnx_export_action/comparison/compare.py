"""Ask the comparing worker: figures, graph, answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from onnx_export_action.benchmark.shapes import smallest_and_largest
from onnx_export_action.log import Log
from onnx_export_action.records import Change, GraphDiff, Movement, OperatorChange
from onnx_export_action.workers.client import Worker, WorkerFailure

SERVICE = "onnx_export_action.comparison.service"

Case = dict[str, Any]


class Compared(NamedTuple):
    """What two files differ in, without a clock."""

    figures: tuple[Change, ...]
    graph: GraphDiff
    answers: tuple[Movement, ...]


def figures(worker: Worker, base: Path | None, head: Path, cases: Sequence[Case]) -> tuple[Change, ...]:
    """The deterministic figures, at the smallest case; without a base, the candidate's alone."""
    case = smallest_and_largest(cases)[0] if cases else None
    found = worker.call("figures", base=str(base) if base else None, head=str(head), case=case)
    return tuple(Change.model_validate(change) for change in found)


def compare(worker: Worker, base: Path, head: Path, cases: Sequence[Case], threads: int, log: Log) -> Compared:
    """Figures and graph, or WorkerFailure; what ONNX Runtime cannot run is warned of and left out."""
    counted = figures(worker, base, head, cases)
    found = worker.call("diff", base=str(base), head=str(head))
    graph = GraphDiff.model_validate(found["graph"])
    answers: tuple[Movement, ...] = ()
    try:
        operators = worker.call("fused", base=str(base), head=str(head), threads=threads)
        graph = graph.model_copy(update={"fused": tuple(OperatorChange.model_validate(each) for each in operators)})
    except WorkerFailure as failure:
        log.warning(f"Which operators are fused was not compared: {failure.cause}")
    try:
        names = {"inputs": found["inputs"], "outputs": found["outputs"]}
        moved = worker.call("answers", base=str(base), head=str(head), cases=list(cases), **names, threads=threads)
        answers = tuple(Movement.model_validate(each) for each in moved)
    except WorkerFailure as failure:
        log.warning(f"The answers were not compared: {failure.cause}")
    return Compared(counted, graph, answers)
