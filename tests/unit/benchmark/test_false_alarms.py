"""The benchmark of false alarms: which comparison is next, and what its page says of the results."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest

from tests.unit import documents


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    monkeypatch.syspath_prepend(documents.ROOT / "benchmarks" / "false_alarms")
    return importlib.import_module("trials"), importlib.import_module("table")


def result(setting: Any, low: float = 0.99, verdict: str = "no change", took: float = 3.0) -> dict[str, Any]:
    kind = {"way": setting.way, "slower_pct": setting.slower_pct, "seconds": setting.seconds}
    where = {"threads": setting.threads, "load": setting.load}
    timed = {"took": took, "load_average": 0.5, "ratio": low + 0.01, "low": low, "verdict": verdict}
    return {"setting": {**kind, **where}, "size": "1 ms", **timed}


def test_due__four_hundred_comparisons_of_identical_files_in_an_hour(
    modules: tuple[ModuleType, ModuleType],
) -> None:
    """With the seconds that each took beside a load average of 3: its own, and those of starting processes."""
    trials, _ = modules
    shares, done, spent = trials.settings(2), [], 0.0
    while spent < 60 * 60:
        setting, _ = trials.due(done, shares)
        took = setting.seconds + (0.35 if setting.way == "paired" else 1.3) + setting.load * 0.3
        done.append(result(setting, took=took))
        spent += took
    same = [one for one in done if one["setting"]["way"] == "paired" and one["setting"]["slower_pct"] == 0]
    assert len(same) >= 400
    assert sum(one["setting"]["slower_pct"] == 5 and one["setting"]["seconds"] == 50 for one in done) >= 20
    assert {trials.Setting(**one["setting"]) for one in done} == set(shares)


def test_due__each_size_has_its_turn(modules: tuple[ModuleType, ModuleType]) -> None:
    trials, _ = modules
    shares = dict.fromkeys([next(iter(trials.settings(2)))], 1.0)
    done: list[dict[str, Any]] = []
    sizes = []
    for _ in range(4):
        setting, size = trials.due(done, shares)
        done.append(result(setting))
        sizes.append(size)
    assert sizes == ["1 ms", "5 ms", "20 ms", "1 ms"]


def test_page__counts_alarms_and_what_was_found(modules: tuple[ModuleType, ModuleType]) -> None:
    trials, table = modules
    same, more = trials.Setting("paired", 0, 2.5, 2, False), trials.Setting("paired", 5, 50, 1, True)
    results = [*[result(same)] * 399, result(same, 1.11, "slower"), *[result(more, 1.03, "slower")] * 19, result(more)]
    page = table.page(results, 2, "a machine", "How.")
    assert "in **1 of 400** comparisons" in page
    assert "slower in **19 of 20**" in page
    assert "| **paired**, same file: gate fails | 1 of 400 | none yet | none yet | 1 of 400 |" in page
    assert "| **paired**, 5 % more work: slower | none yet | 19 of 20 | none yet | 19 of 20 |" in page
    assert "| separate, same file: ratio over 1.10 | none yet | none yet | none yet | none yet |" in page


def test_page__from_nothing_is_a_page(modules: tuple[ModuleType, ModuleType]) -> None:
    assert "There are not enough results yet." in modules[1].page([], 2, "a machine", "How.")


@pytest.mark.parametrize(("found", "of", "share"), [(0, 400, 0.00746), (2, 400, 0.0157), (0, 1, 0.95), (3, 3, 1.0)])
def test_at_most__table(modules: tuple[ModuleType, ModuleType], found: int, of: int, share: float) -> None:
    assert modules[1].at_most(found, of) == pytest.approx(share, rel=0.01)
