"""Which series are measured, in which order, with workers that answer at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onnx_export_action.benchmark import measure as module
from onnx_export_action.benchmark.measure import measure
from onnx_export_action.records import Case, Parity
from onnx_export_action.workers.client import WorkerFailure
from tests.unit.sources.models import RecordingLog


class Clock:
    """Time that passes only when a worker works."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


class Worker:
    """Answers `time` with three calls of the latency that it has, and lets the clock go on."""

    agrees = True

    def __init__(self, name: str, latency: float, calls: list[tuple[str, str]], clock: Clock) -> None:
        self.name, self.latency, self.calls, self.clock = name, latency, calls, clock

    def call(self, operation: str, **arguments: Any) -> Any:
        if operation == "open":
            return {"provider": "CPUExecutionProvider", "load_ms": 12.5}
        if operation == "peak_rss_bytes":
            return 1000
        if operation == "time_reference":
            return [0.5, 0.7, 9.0]
        if operation == "keep_to":
            self.limits = arguments["limits"]
            return None
        if operation == "compare":
            assert self.limits == LIMITS
            return self.compared(arguments["case"])
        self.calls.append((self.name, arguments["case"]))
        self.clock.now += max(arguments["seconds"], self.latency / 1000)
        return [self.latency] * 3

    def compared(self, case: dict[str, Any]) -> dict[str, Any]:
        """The case as it was proven."""
        output = Parity(output="y", passed=self.agrees, atol=1e-5, rtol=1e-4)
        return Case(shape=case["shape"], inputs=case["inputs"], outputs=(output,)).model_dump()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def case(name: str, *shape: int) -> dict[str, Any]:
    return {"file": name, "shape": f"shape {name}", "batch": shape[0], "inputs": {"x": list(shape)}}


LIMITS = {"y": {"atol": 1e-5, "rtol": 1e-4}}
CASES = [case("middle", 2, 7), case("small", 1, 7), case("large", 5, 33)]


def run(
    clock: Clock,
    seconds: float = 2.0,
    cases: list[dict[str, Any]] = CASES,
    pytorch: bool = True,
    latency: float = 2.0,
) -> tuple[Any, list[tuple[str, str]]]:
    calls: list[tuple[str, str]] = []
    session: Any = Worker("onnxruntime", latency, calls, clock)
    model: Any = Worker("pytorch", 2 * latency, calls, clock) if pytorch else None
    return measure(session, model, Path("model.onnx"), cases, LIMITS, seconds, 2, RecordingLog()), calls


def test_measure__smallest_and_largest_by_both_runtimes(clock: Clock) -> None:
    benchmark, _ = run(clock)
    assert [(timing.runtime, timing.shape, timing.p50_ms) for timing in benchmark.timings] == [
        ("onnxruntime", "shape small", 2.0),
        ("pytorch", "shape small", 4.0),
        ("onnxruntime", "shape large", 2.0),
        ("pytorch", "shape large", 4.0),
    ]
    assert benchmark.latency_ms.p50 == 2.0
    assert benchmark.noise_floor_pct == 0
    assert (benchmark.load_ms, benchmark.peak_rss_bytes, benchmark.threads) == (12.5, 1000, 2)
    assert [timing.batch for timing in benchmark.timings] == [1, 1, 5, 5]


def test_measure__series_take_turns(clock: Clock) -> None:
    benchmark, calls = run(clock)
    rounds = [calls[start : start + 4] for start in range(0, len(calls), 4)]
    assert len(rounds) > 3, "warm-up and at least three rounds"
    assert all(sorted(each) == sorted(rounds[0]) for each in rounds)
    assert len({tuple(each) for each in rounds[1:]}) > 1, "the order changes from round to round"
    assert all(len(timing.samples_ms) == 3 * (len(rounds) - 1) for timing in benchmark.timings)
    assert all(timing.warmups == 3 for timing in benchmark.timings)


def test_measure__two_rounds_however_slow_the_model_is(clock: Clock) -> None:
    _, calls = run(clock, seconds=0.1, latency=60_000)
    assert len(calls) == 4 * 3


def test_measure__the_trends_unit_is_timed_in_every_round(clock: Clock) -> None:
    benchmark, _ = run(clock)
    assert benchmark.reference_ms == 0.7
    assert benchmark.relative_latency == pytest.approx(2.0 / 0.7)
    assert {timing.runtime for timing in benchmark.timings} == {"onnxruntime", "pytorch"}


def test_measure__names_the_models_own_framework(clock: Clock) -> None:
    session, model = (Worker(name, 1.0, [], clock) for name in ("onnxruntime", "tensorflow"))
    given: Any = (session, model, Path("model.onnx"), CASES, LIMITS, 1.0, 2, RecordingLog(), "tensorflow")
    assert {timing.runtime for timing in measure(*given).timings} == {"onnxruntime", "tensorflow"}


def test_measure__without_a_model_and_with_one_case(clock: Clock) -> None:
    benchmark, _ = run(clock, cases=CASES[:1], pytorch=False)
    assert [(timing.runtime, timing.shape) for timing in benchmark.timings] == [("onnxruntime", "shape middle")]


def test_measure__keeps_no_more_samples_than_a_report_can_show(clock: Clock) -> None:
    benchmark, calls = run(clock, seconds=3600)
    assert len(calls) > 30_000
    assert all(2000 < len(timing.samples_ms) <= 4000 for timing in benchmark.timings)


def test_measure__a_session_with_other_answers_is_not_timed(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "agrees", False)
    with pytest.raises(WorkerFailure, match="other answers at shape small than proven"):
        run(clock)
    assert clock.now == 0.0
