"""Verdicts over drawn noise: how often they are wrong, and what they find."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.benchmark.verdict import judge, paired, verdict
from tests.unit.benchmark.noise import NOISES, rounds_of

COMPARISONS = 200


def verdicts(noise: str, rounds: int, ratio: float, comparisons: int = COMPARISONS) -> tuple[Counter[str], int]:
    """The verdicts of many comparisons, and how many of them the gate `latency-p50 > +10%` would fail."""
    dice = np.random.default_rng(3)
    found = [paired("a shape", rounds_of(noise, dice, rounds, ratio), rounds) for _ in range(comparisons)]
    return Counter(figure.verdict for figure in found), sum(figure.low > 1.10 for figure in found)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("rounds", [5, 20])
def test_paired__a_file_against_itself_is_never_slower(noise: str, rounds: int) -> None:
    found, failed = verdicts(noise, rounds, 1.0)
    assert failed == 0
    assert found["slower"] + found["faster"] <= COMPARISONS // 200


@pytest.mark.parametrize("noise", NOISES)
def test_paired__five_percent_are_found(noise: str) -> None:
    found, _ = verdicts(noise, 60, 1.05, comparisons=60)
    assert found["slower"] >= 57


@pytest.mark.parametrize("noise", NOISES)
def test_paired__a_file_at_the_limit_of_the_gate_fails_rarely(noise: str) -> None:
    _, failed = verdicts(noise, 20, 1.10, comparisons=100)
    assert failed <= 5


def test_paired__finds_9_of_10_of_what_it_says_it_detects() -> None:
    dice = np.random.default_rng(5)
    said = [paired("a shape", rounds_of("sessions", dice, 30), 30).detectable_pct for _ in range(20)]
    found, _ = verdicts("sessions", 30, 1 + float(np.median(said)) / 100, comparisons=100)
    assert found["slower"] >= 90


def test_paired__figures() -> None:
    each = {"base": [10.0, 10.0, 12.0], "head": [20.0, 20.0, 21.0], "twin": [10.0, 10.0, 10.0]}
    figure = paired("batch 1", [each] * 4, 16)
    assert (figure.ratio, figure.low, figure.high) == pytest.approx((2.0, 2.0, 2.0))
    assert (figure.base_p50_ms, figure.head_p50_ms) == (10.0, 20.0)
    assert (figure.shape, figure.sessions, figure.blocks, figure.verdict) == ("batch 1", 4, 16, "slower")
    assert figure.noise_floor_pct == pytest.approx(0)
    assert figure.detectable_pct == pytest.approx(1)


def test_judge__the_interval_is_never_narrower_than_the_noise_floor() -> None:
    each = {"base": [10.0, 10.0], "head": [10.0, 10.0], "twin": [11.0, 11.0]}
    judged = judge([each] * 10)
    assert judged.head.half_width == pytest.approx(math.log(1.1))
    assert judged.itself.low == pytest.approx(math.log(1.1))


calls = st.lists(st.floats(0.1, 1000), min_size=2, max_size=5)
some_rounds = st.lists(st.fixed_dictionaries({"base": calls, "head": calls, "twin": calls}), min_size=1, max_size=6)


@given(some_rounds, st.floats(0.01, 100))
def test_paired__free_of_the_unit(rounds: list[dict[str, list[float]]], factor: float) -> None:
    scaled = [{name: [factor * call for call in each] for name, each in one.items()} for one in rounds]
    figure, other = paired("s", rounds, 1), paired("s", scaled, 1)
    assert (other.ratio, other.low, other.high) == pytest.approx((figure.ratio, figure.low, figure.high), rel=1e-6)


@given(some_rounds)
def test_judge__base_and_candidate_swapped_invert_the_ratio(rounds: list[dict[str, list[float]]]) -> None:
    there = judge([{"base": one["base"], "head": one["head"], "twin": one["base"]} for one in rounds]).head
    back = judge([{"base": one["head"], "head": one["base"], "twin": one["head"]} for one in rounds]).head
    assert (back.median, back.low, back.high) == pytest.approx((-there.median, -there.high, -there.low), abs=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.02, 1.08, "slower"),
        (1.005, 1.009, "no change"),  # sure, but too small to be called a change
        (0.90, 0.97, "faster"),
        (0.96, 1.04, "no change"),
        (1.005, 1.08, "cannot tell"),
        (0.80, 1.30, "cannot tell"),
        (0.94, 1.00, "cannot tell"),
        (1.0, 1.0, "no change"),
    ],
)
def test_verdict__by_the_whole_interval(low: float, high: float, expected: str) -> None:
    assert verdict(low, high) == expected
