"""The interval over sessions: invariants, and how often it misses the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.benchmark.interval import Interval, interval

values = st.lists(st.floats(-1, 1), min_size=1, max_size=30)


@given(values)
def test_interval__holds_its_median(found: list[float]) -> None:
    made = interval(found)
    assert made.low <= made.median + 1e-12
    assert made.high >= made.median - 1e-12
    assert made.median == pytest.approx(float(np.median(found)))


@given(values)
def test_interval__of_the_opposite_is_the_opposite(found: list[float]) -> None:
    made, opposite = interval(found), interval([-value for value in found])
    assert (opposite.low, opposite.high) == pytest.approx((-made.high, -made.low), abs=1e-9)


@given(values, st.floats(-1, 1), st.floats(0.01, 10))
def test_interval__moves_and_scales_with_its_values(found: list[float], shift: float, scale: float) -> None:
    made, moved = interval(found), interval([shift + scale * value for value in found])
    assert (moved.low, moved.high) == pytest.approx((shift + scale * made.low, shift + scale * made.high), abs=1e-9)


@pytest.mark.parametrize("count", [3, 6, 12, 40])
@pytest.mark.parametrize("law", ["normal", "t2", "two kinds"])
def test_interval__misses_the_truth_as_often_as_it_says(law: str, count: int) -> None:
    dice, missed, comparisons = np.random.default_rng(7), 0, 300
    for _ in range(comparisons):
        drawn = {
            "normal": lambda: dice.standard_normal(count),
            "t2": lambda: dice.standard_t(2, count),
            "two kinds": lambda: np.where(dice.random(count) < 0.6, 0.1, 3) * dice.standard_normal(count),
        }[law]()
        made = interval(drawn.tolist())
        missed += not made.low <= 0 <= made.high
    assert missed / comparisons <= 0.10 if count < 4 else missed / comparisons <= 0.075


def test_widened__never_narrower() -> None:
    made = Interval(0.01, -0.02, 0.03)
    assert made.widened(0.025) == Interval(0.01, -0.02, 0.035)
    assert made.widened(0.0) == made
