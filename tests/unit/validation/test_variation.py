"""How far answers move between inputs, whatever they share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.validation.variation import Variation

Array = np.ndarray


def moved(*values: Array, mask: Array | None = None) -> float:
    seen = Variation()
    for value in values:
        seen.add("y", value, mask)
    return seen.of("y")[0]


def rows(number: int, *shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal((number, *shape))


def test_of__the_standard_deviation_between_the_rows() -> None:
    values = rows(500, 7)
    assert moved(values) == pytest.approx(values.std(axis=0, ddof=1).mean(), rel=0.01)


@given(offset=st.floats(-1e5, 1e5), seed=st.integers(0, 99))
def test_of__a_constant_that_all_rows_share_counts_for_nothing(offset: float, seed: int) -> None:
    values = rows(5, 3, 4, seed=seed)
    shared = offset * rows(1, 3, 4, seed=seed + 1)
    assert moved(values + shared) == pytest.approx(moved(values), rel=1e-6)


def test_of__equal_rows_do_not_move() -> None:
    assert moved(np.repeat(rows(1, 4, 8), 5, axis=0)) == pytest.approx(0, abs=1e-12)


def test_of__cases_of_one_row_are_left_to_those_of_several() -> None:
    assert moved(1000 * rows(1, 4), rows(500, 4)) == pytest.approx(1, rel=0.1)


def test_of__without_any_batch_all_values_count() -> None:
    assert moved(rows(1, 500), rows(1, 300)) == pytest.approx(1, rel=0.1)
    assert moved(np.ones((1, 4)), np.ones((1, 9))) == 0


def test_of__padded_places_are_left_out() -> None:
    values, mask = rows(400, 2, 3), np.ones((400, 2))
    mask[::2, 1] = 0
    spoilt = values.copy()
    spoilt[::2, 1] = 1e6
    assert moved(spoilt, mask=mask) == moved(values, mask=mask) == pytest.approx(1, rel=0.1)


def test_of__what_is_ruled_out_is_no_answer() -> None:
    values = rows(400, 5).astype(np.float32)
    values[:, 2] = np.finfo(np.float32).min
    values[3, 1] = np.inf
    assert moved(values) == pytest.approx(1, rel=0.1)


def test_of__size_is_the_root_mean_square() -> None:
    seen = Variation()
    seen.add("y", np.array([[3.0, 4.0]]))
    assert seen.of("y")[1] == pytest.approx(np.sqrt(12.5))
    assert seen.names == ("y",)
