"""Base and candidates in one process, in turns: how much slower or faster each candidate is, and how sure that is."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
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
_CANDIDATE, _BASE, _TWIN = "candidate", "base", "twin"

Found = tuple[Paired, ...] | str
"""The ratio of latencies at the smallest and the largest case, or a sentence that says why there is none."""


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

    def of(self, head: str) -> list[Round]:
        """The rounds as if the base had met this candidate alone."""
        return [{"base": each[_BASE], "head": each[head], "twin": each[_TWIN]} for each in self.rounds]

    def is_narrow(self, heads: Sequence[str]) -> bool:
        return all(judge(self.of(head)).head.half_width <= _NARROW for head in heads)


def compare(
    worker: Worker,
    base_file: Path,
    head_file: Path,
    cases: Sequence[dict[str, Any]],
    seconds: float,
    threads: int,
    log: Log,
) -> Found:
    """One candidate against its base, within `seconds`."""
    return together(worker, base_file, {_CANDIDATE: head_file}, cases, seconds, threads, log)[_CANDIDATE]


def together(
    worker: Worker,
    base_file: Path,
    heads: Mapping[str, Path],
    cases: Sequence[dict[str, Any]],
    seconds: float,
    threads: int,
    log: Log,
) -> dict[str, Found]:
    """Every candidate against the same base, all in one run, within `seconds`; by the names that they are told by."""
    end, chosen = time.monotonic() + seconds, smallest_and_largest(cases)
    try:
        left, unfit = _runnable(worker, {_BASE: base_file, **heads}, chosen, threads, log)
        if _BASE in unfit:
            return dict.fromkeys(heads, unfit[_BASE])
        runnable = {name: file for name, file in heads.items() if name not in unfit}
        if not runnable:
            return unfit
        busy = threads > 1 and worker.call("waits_busily", file=str(base_file), case=left[0]["file"], threads=threads)
        files, shapes = {_BASE: base_file, _TWIN: base_file, **runnable}, [_Shape(case) for case in left]
        _measure(_Plan(worker, files, threads, busy), shapes, list(runnable), end)
    except WorkerFailure as failure:
        named = " and ".join((_BASE.capitalize(), *heads))
        return dict.fromkeys(heads, f"{named} could not be timed together: {failure.cause}")
    log.line(_told(shapes, threads, busy))
    return unfit | {
        name: tuple(paired(shape.case["shape"], shape.of(name), shape.turns) for shape in shapes) for name in runnable
    }


def _runnable(
    worker: Worker, files: dict[str, Path], cases: list[dict[str, Any]], threads: int, log: Log
) -> tuple[list[dict[str, Any]], dict[str, Found]]:
    """The cases that the base and all fitting candidates run, and why the others run none."""
    left, unfit = cases, dict[str, Found]()
    for name, file in files.items():
        try:
            reasons = worker.call("unfit", file=str(file), cases=[case["file"] for case in left], threads=threads)
        except WorkerFailure as failure:
            unfit[name] = f"The {name} does not load, so its latency cannot be compared: {failure.cause}"
            continue
        if len(reasons) == len(left):
            reason = reasons[left[0]["file"]]
            unfit[name] = f"The {name} does not run on the same inputs, so its latency cannot be compared: {reason}."
            continue
        for case in left:
            if reason := reasons.get(case["file"]):
                log.line(f"Latency is not compared at {case['shape']}: the {name} does not run there: {reason}")
        left = [case for case in left if case["file"] not in reasons]
    return left, unfit


def _measure(plan: _Plan, shapes: list[_Shape], heads: Sequence[str], end: float) -> None:
    """Rounds of new sessions, until the time is up or every interval is narrow.

    Only the width may end a run early, never the ratio: to stop when a change shows would find changes in noise.
    """
    done, look = 0, _LEAST_ROUNDS_TO_STOP
    while done < _LEAST_ROUNDS or time.monotonic() < end:
        _round(plan, shapes)
        done += 1
        if done == look:
            if all(shape.is_narrow(heads) for shape in shapes):
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
