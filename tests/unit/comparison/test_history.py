"""The trend grows by one commit a run and stays short."""

from __future__ import annotations

from onnx_export_action.comparison.history import continued
from onnx_export_action.records import Point
from tests.factories import make_base, make_comparison, make_report


def point(commit: str) -> Point:
    return Point(commit=commit, size_bytes=1)


def test_continued__begins_with_the_base_alone() -> None:
    (only,) = continued(make_base(commit="c1"), make_report())
    assert (only.commit, only.size_bytes) == ("c1", 90_387_630)
    assert only.relative_latency is not None
    assert only.relative_latency > 0


def test_continued__puts_the_base_behind_its_own_history() -> None:
    report = make_report(comparison=make_comparison(history=(point("a0"), point("a1"))))
    assert [each.commit for each in continued(make_base(commit="a2"), report)] == ["a0", "a1", "a2"]


def test_continued__a_commit_that_ran_twice_stands_there_once() -> None:
    report = make_report(comparison=make_comparison(history=(point("a0"), point("a1"))))
    assert [each.commit for each in continued(make_base(commit="a1"), report)] == ["a0", "a1"]


def test_continued__forgets_the_oldest() -> None:
    long = tuple(point(f"{number:x}") for number in range(200))
    kept = continued(make_base(commit="abc"), make_report(comparison=make_comparison(history=long)))
    assert len(kept) == 30
    assert kept[-1].commit == "abc"
