"""Base and candidate in one process, in turns: how much slower or faster the candidate is, and how sure that is."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnx_export_action.benchmark.shapes import smallest_and_largest
from onnx_export_action.benchmark.verdict import Round, judge, paired
from onnx_export_action.log import Log
from onnx_export_action.records import Paired
from onnx_export_action.workers.client import Worker, WorkerFailure

SERVICE = "onnx_export_action.benchmark.service"

_ROUND_SECONDS = 0.25
_LEAST_ROUNDS = 3
_BLOCK_SECONDS = 0.02
_NARROW = 0.005
_LEAST_ROUNDS_TO_STOP = 16


@dataclass
class _Plan:
    """What is fixed for the whole run, and the dice."""

    worker: Worker
    files: dict[str, Path]
    threads: int
    busy: bool
    dice: random.Random = field(default_factory=lambda: random.Random(0))

    def shuffled(self) -> list[str]:
        return self.dice.sample(list(self.files), len(self.files))

    def open(self) -> None:
        files = [(name, str(self.files[name])) for name in self.shuffled()]
        self.worker.call("open", files=files, threads=self.threads, busy=self.busy)

    def turn(self, case: str) -> list[tuple[str, list[float]]]:
        """Every file, and every file again in the opposite order, so that a steady drift hits all alike."""
        there = self.shuffled()
        order = [*there, *reversed(there)]
        blocks = self.worker.call("turns", order=order, case=case, seconds=_BLOCK_SECONDS)
        return list(zip(order, blocks, strict=True))


@dataclass
class _Shape:
    """The rounds of one case so far."""

    case: dict[str, Any]
    rounds: list[Round] = field(default_factory=list)
    turns: int = 0

    @property
    def narrow(self) -> bool:
        return judge(self.rounds).head.half_width <= _NARROW


def compare(
    worker: Worker,
    base_file: Path,
    head_file: Path,
    cases: Sequence[dict[str, Any]],
    seconds: float,
    threads: int,
    log: Log,
) -> tuple[Paired, ...] | str:
    """The ratio of latencies at the smallest and the largest case, within `seconds`; a sentence where there is none."""
    end, chosen = time.monotonic() + seconds, smallest_and_largest(cases)
    try:
        shapes = _runnable(worker, {"base": base_file, "candidate": head_file}, chosen, threads, log)
        if isinstance(shapes, str):
            return shapes
        busy = threads > 1 and worker.call("waits_busily", file=str(base_file), case=chosen[0]["file"], threads=threads)
        files = {"base": base_file, "head": head_file, "twin": base_file}
        _measure(_Plan(worker, files, threads, busy), shapes, end)
    except WorkerFailure as failure:
        return f"Base and candidate could not be timed together: {failure.cause}"
    log.line(_told(shapes, threads, busy))
    return tuple(paired(shape.case["shape"], shape.rounds, shape.turns) for shape in shapes)


def _runnable(
    worker: Worker, files: dict[str, Path], cases: list[dict[str, Any]], threads: int, log: Log
) -> list[_Shape] | str:
    """The cases that both files run, or why there is none."""
    left = cases
    for name, file in files.items():
        try:
            unfit = worker.call("unfit", file=str(file), cases=[case["file"] for case in left], threads=threads)
        except WorkerFailure as failure:
            return f"The {name} does not load, so its latency cannot be compared: {failure.cause}"
        reasons = [(case["shape"], unfit[case["file"]]) for case in left if case["file"] in unfit]
        left = [case for case in left if case["file"] not in unfit]
        if not left:
            return f"The {name} does not run on the same inputs, so its latency cannot be compared: {reasons[0][1]}."
        for shape, reason in reasons:
            log.line(f"Latency is not compared at {shape}: the {name} does not run there: {reason}")
    return [_Shape(case) for case in left]


def _measure(plan: _Plan, shapes: list[_Shape], end: float) -> None:
    """Rounds of new sessions, until the time is up or every interval is narrow.

    Only the width may end a run early, never the ratio: to stop when a change shows would find changes in noise.
    """
    done, look = 0, _LEAST_ROUNDS_TO_STOP
    while done < _LEAST_ROUNDS or time.monotonic() < end:
        _round(plan, shapes)
        done += 1
        if done == look:
            if all(shape.narrow for shape in shapes):
                return
            look += look // 4  # few looks, so that none is lucky


def _round(plan: _Plan, shapes: list[_Shape]) -> None:
    start = time.monotonic()
    plan.open()
    opened = time.monotonic()
    found: list[dict[str, list[float]]] = [{name: [] for name in plan.files} for _ in shapes]
    # Measures for as long as opening took at least, so that no more than half of the time goes into opening.
    until = max(start + _ROUND_SECONDS, opened + (opened - start))
    turns = 0
    while turns == 0 or time.monotonic() < until:
        for place in plan.dice.sample(range(len(shapes)), len(shapes)):
            for name, calls in plan.turn(shapes[place].case["file"]):
                found[place][name] += calls
        turns += 1
    for shape, calls_by_name in zip(shapes, found, strict=True):
        shape.rounds.append(calls_by_name)
        shape.turns += 2 * turns


def _told(shapes: list[_Shape], threads: int, busy: bool) -> str:
    waiting = "" if threads == 1 else ", which wait busily" if busy else ", which sleep while they wait"
    return f"{len(shapes[0].rounds)} rounds of new sessions with {threads} threads{waiting}"
