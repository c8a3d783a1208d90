"""The plan of a paired run: turns, rounds, when it ends, and what is said where files cannot be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_export_action.benchmark import paired as module
from onnx_export_action.benchmark.paired import compare
from onnx_export_action.records import Paired
from onnx_export_action.workers.client import WorkerFailure
from tests.unit.sources.models import RecordingLog

CASES = [
    {"file": "small", "shape": "batch 1", "batch": 1, "inputs": {"x": [1, 7]}},
    {"file": "middle", "shape": "batch 2", "batch": 2, "inputs": {"x": [2, 7]}},
    {"file": "large", "shape": "batch 5", "batch": 5, "inputs": {"x": [5, 7]}},
]
FILES = ("base.onnx", "head.onnx")


class Machine:
    """A worker and its clock: base takes 10 ms, the candidate `ratio` times that, opening `opening` seconds.

    `noise` is that of calls, `luck` that of sessions.
    """

    def __init__(
        self,
        ratio: float = 1.0,
        noise: float = 0.0,
        luck: float = 0.0,
        opening: float = 0.01,
        call: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.noise, self.luck, self.opening, self.call_seconds = noise, luck, opening, call
        self.ratios = {"candidate": ratio}
        self.heads = {"candidate": "head.onnx"}
        self.now = 0.0
        self.session: dict[str, float] = {}
        self.opened: list[list[str]] = []
        self.turns: list[tuple[str, list[str]]] = []
        self.unfit: dict[str, dict[str, str]] = {}
        self.unreadable = ""
        self.dice = np.random.default_rng(seed)

    def monotonic(self) -> float:
        return self.now

    def call(self, operation: str, **arguments: Any) -> Any:
        return getattr(self, f"_{operation}")(**arguments)

    def _unfit(self, file: str, cases: list[str], **_: Any) -> dict[str, str]:
        if file == self.unreadable:
            raise WorkerFailure("ONNX Runtime cannot load it: no graph", "", "route")
        return {case: reason for case, reason in self.unfit.get(file, {}).items() if case in cases}

    def _waits_busily(self, **_: Any) -> bool:
        return True

    def _open(self, files: list[tuple[str, str]], **_: Any) -> None:
        assert dict(files) == {"base": "base.onnx", "twin": "base.onnx"} | self.heads
        self.opened.append([name for name, _ in files])
        self.session = {name: 10 * (1 + self.dice.normal(0, self.luck)) for name, _ in files}
        self.now += self.opening

    def _turns(self, order: list[str], case: str, seconds: float) -> list[list[float]]:
        self.turns.append((case, order))
        self.now += len(order) * max(seconds, self.call_seconds)
        medians = [self.session[name] * (self.ratios.get(name, 1.0)) for name in order]
        return [[median * (1 + abs(self.dice.normal(0, self.noise))) for _ in range(3)] for median in medians]


def run(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, seconds: float = 5.0, log: RecordingLog | None = None
) -> tuple[Paired, ...] | str:
    monkeypatch.setattr(module, "time", machine)
    worker: Any = machine
    return compare(worker, *map(Path, FILES), CASES, seconds, 2, log or RecordingLog())


def test_compare__smallest_and_largest_case(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(monkeypatch, Machine(ratio=1.5, noise=0.01))
    assert not isinstance(found, str)
    assert [(figure.shape, figure.verdict) for figure in found] == [("batch 1", "slower"), ("batch 5", "slower")]
    assert all(figure.low < 1.5 < figure.high for figure in found)


def test_compare__every_turn_goes_there_and_back_in_changing_order(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(noise=0.2)
    run(monkeypatch, machine)
    assert all(order == order[::-1] and set(order) == {"base", "candidate", "twin"} for _, order in machine.turns)
    assert len({tuple(order) for _, order in machine.turns}) == 6
    assert len({tuple(order) for order in machine.opened}) == 6, "sessions are created in every order"


def test_compare__every_round_has_new_sessions_and_all_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(noise=0.2)
    found = run(monkeypatch, machine)
    assert not isinstance(found, str)
    assert {figure.sessions for figure in found} == {len(machine.opened)}
    assert sum(figure.blocks for figure in found) == 2 * len(machine.turns)
    assert {case for case, _ in machine.turns} == {"small", "large"}


def test_together__each_candidate_has_its_own_ratio_in_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    machine: Any = Machine(noise=0.01)
    machine.heads, machine.unreadable = {"half": "half.onnx", "double": "double.onnx"}, "broken.onnx"
    machine.ratios, machine.unfit = {"half": 0.5, "double": 2.0}, {"fixed.onnx": dict.fromkeys(("small", "large"), "8")}
    monkeypatch.setattr(module, "time", machine)
    names = {**machine.heads, "broken": "broken.onnx", "fixed": "fixed.onnx"}
    heads = {name: Path(file) for name, file in names.items()}
    found = module.together(machine, Path(FILES[0]), heads, CASES, 5.0, 2, RecordingLog())
    verdicts = {name: [figure.verdict for figure in each] for name, each in found.items() if not isinstance(each, str)}
    assert verdicts == {"half": ["faster", "faster"], "double": ["slower", "slower"]}
    assert str(found["broken"]).startswith("The broken does not load")
    assert str(found["fixed"]).endswith("does not run on the same inputs, so its latency cannot be compared: 8.")
    assert all(set(order) == {"base", "twin", "half", "double"} for _, order in machine.turns)


def test_compare__ends_early_when_narrow_whatever_the_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    same, slower = Machine(), Machine(ratio=2.0)
    run(monkeypatch, same, seconds=60)
    run(monkeypatch, slower, seconds=60)
    assert len(same.opened) == len(slower.opened) == 16


def test_compare__an_early_end_makes_no_false_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    machines = [Machine(luck=0.005, seed=seed) for seed in range(50)]
    found = [run(monkeypatch, machine, seconds=30) for machine in machines]
    verdicts = [figure.verdict for figures in found for figure in figures if isinstance(figure, Paired)]
    assert len({len(machine.opened) for machine in machines}) > 3, "they end at different looks"
    assert len(verdicts) == 100
    assert verdicts.count("no change") >= 98


def test_compare__ends_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(noise=0.3)
    run(monkeypatch, machine, seconds=20)
    assert 20 <= machine.now < 21


def test_compare__three_rounds_however_slow_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(opening=100, call=10)
    run(monkeypatch, machine, seconds=1)
    assert len(machine.opened) == 3


def test_compare__half_of_the_time_at_most_goes_into_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(noise=0.3, opening=2.0)
    run(monkeypatch, machine, seconds=60)
    assert machine.opening * len(machine.opened) <= machine.now / 2


def test_compare__a_base_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    machine.unreadable = "base.onnx"
    assert run(monkeypatch, machine) == (
        "The base does not load, so its latency cannot be compared: ONNX Runtime cannot load it: no graph"
    )


def test_compare__a_base_with_other_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    reason = "it needs an input `ids`, which the other does not have"
    machine.unfit = {"base.onnx": {"small": reason, "large": reason}}
    assert run(monkeypatch, machine) == (
        f"The base does not run on the same inputs, so its latency cannot be compared: {reason}."
    )


def test_compare__a_shape_that_the_base_cannot_run_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, log = Machine(), RecordingLog()
    machine.unfit = {"base.onnx": {"large": "it fails: its first axis is 1"}}
    found = run(monkeypatch, machine, log=log)
    assert not isinstance(found, str)
    assert [figure.shape for figure in found] == ["batch 1"]
    assert any("not compared at batch 5" in line for line in log.lines)


def test_compare__a_worker_that_dies_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()

    def die(**_: Any) -> None:
        raise WorkerFailure("It crashed with SIGSEGV.")

    monkeypatch.setattr(machine, "_turns", die)
    assert run(monkeypatch, machine) == "Base and candidate could not be timed together: It crashed with SIGSEGV."
