"""The noise floor: how far two measurements of one thing differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.benchmark.statistics import noise_floor_pct


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([], 0.0),
        ([[]], 0.0),
        ([[[1.0]]], 0.0),
        ([[[1.0], [1.0]]], 0.0),
        ([[[1.0], [1.1]]], 10.0),
        ([[[1.0, 9.0, 1.0], [1.0, 1.0, 9.0]]], 0.0),  # one outlier in a block moves no median
        ([[[1.0], [1.0], [1.0]], [[5.0], [5.0], [5.0]]], 0.0),  # another shape is no noise
    ],
)
def test_noise_floor_pct__table(series: list[list[list[float]]], expected: float) -> None:
    assert noise_floor_pct(series) == pytest.approx(expected)


latencies = st.lists(st.floats(0.01, 1000), min_size=1, max_size=5)


@given(series=st.lists(st.lists(latencies, max_size=6), max_size=3), factor=st.floats(0.1, 10))
def test_noise_floor_pct__never_negative_and_free_of_the_unit(series: list[list[list[float]]], factor: float) -> None:
    scaled = [[[factor * value for value in block] for block in blocks] for blocks in series]
    assert noise_floor_pct(series) >= 0
    assert noise_floor_pct(scaled) == pytest.approx(noise_floor_pct(series), rel=1e-6, abs=1e-6)
