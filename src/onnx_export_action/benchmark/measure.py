"""Time ONNX Runtime and the model's own framework on the same inputs in turns, so that both see the same noise."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from onnx_export_action.benchmark.shapes import smallest_and_largest
from onnx_export_action.benchmark.statistics import noise_floor_pct
from onnx_export_action.log import Log
from onnx_export_action.records import Benchmark, Framework, Timing
from onnx_export_action.validation.delivered import compared_again
from onnx_export_action.workers.client import Worker, WorkerFailure

Runtime = Literal["onnxruntime", "pytorch", "tensorflow"]

_BLOCK_SECONDS = 0.1
_LEAST_ROUNDS = 2
_WARMUP_SECONDS = 0.1
_REFERENCE_SECONDS = 0.02
_MOST_SAMPLES = 4000


@dataclass
class _Series:
    runtime: Runtime
    case: dict[str, Any]
    time: Callable[[float], list[float]]
    warmups: int = 0
    blocks: list[list[float]] = field(default_factory=list)

    def warm_up(self) -> None:
        self.warmups = len(self.time(_WARMUP_SECONDS))

    def timing(self) -> Timing:
        samples = [round(sample, 5) for block in self.blocks for sample in block]
        samples = samples[:: math.ceil(len(samples) / _MOST_SAMPLES)]  # evenly, so that every minute counts
        return Timing(
            runtime=self.runtime,
            shape=self.case["shape"],
            batch=self.case["batch"],
            samples_ms=tuple(samples),
            warmups=self.warmups,
        )


def measure(
    session: Worker,
    model: Worker | None,
    file: Path,
    cases: Sequence[dict[str, Any]],
    limits: Mapping[str, Any],
    seconds: float,
    threads: int,
    log: Log,
    framework: Framework = "pytorch",
) -> Benchmark:
    """Short blocks in random order within each round, for `seconds`; two rounds at least, however slow the model.

    The session is the one that users have, with ONNX Runtime's own order of the weights, which the proof does without:
    it keeps to the proof's `limits`, or WorkerFailure is raised.
    """
    opened = session.call("open", file=str(file), threads=threads)
    chosen = smallest_and_largest(cases)
    _hold(session, chosen[0], limits)
    series = [line for case in chosen for line in _series(session, model, framework, case)]
    for line in series:
        line.warm_up()
    end, order = time.monotonic() + seconds, random.Random(0)
    rounds, reference = 0, list[float]()
    session.call("time_reference", seconds=_REFERENCE_SECONDS, threads=threads)  # its warm-up
    while rounds < _LEAST_ROUNDS or time.monotonic() < end:
        for line in order.sample(series, len(series)):
            line.blocks.append(line.time(min(_BLOCK_SECONDS, seconds / (_LEAST_ROUNDS * len(series)))))
        reference += session.call("time_reference", seconds=_REFERENCE_SECONDS, threads=threads)
        rounds += 1
    log.line(f"{rounds} rounds of {len(series)} series")
    return Benchmark(
        provider=opened["provider"],
        threads=threads,
        load_ms=opened["load_ms"],
        peak_rss_bytes=session.call("peak_rss_bytes"),
        timings=tuple(line.timing() for line in series),
        reference_ms=round(statistics.median(reference), 5),
        noise_floor_pct=noise_floor_pct([line.blocks for line in series if line.runtime == "onnxruntime"]),
    )


def _hold(session: Worker, case: dict[str, Any], limits: Mapping[str, Any]) -> None:
    again = compared_again(session, limits, case)
    if not again.passed:
        raise WorkerFailure(
            f"With ONNX Runtime's own order of the weights the file gives other answers at {again.shape} than proven."
        )


def _series(session: Worker, model: Worker | None, framework: Framework, case: dict[str, Any]) -> list[_Series]:
    both: list[tuple[Runtime, Worker]] = [("onnxruntime", session)]
    if model is not None:
        both.append((framework, model))
    return [_Series(name, case, _timer(worker, case["file"])) for name, worker in both]


def _timer(worker: Worker, case: str) -> Callable[[float], list[float]]:
    def run(seconds: float) -> list[float]:
        samples: list[float] = worker.call("time", case=case, seconds=seconds)
        return samples

    return run
