"""When two answers agree; nothing passes by default."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from onnx_export_action.validation import parity
from onnx_export_action.validation.parity import Limit, Reference, Rounding

PLAIN = Limit(atol=1e-3, rtol=0.0)
Array = np.ndarray


def f32(*values: object) -> Array:
    return np.array(values, dtype=np.float32)


@pytest.mark.parametrize(
    ("expected", "actual", "limit", "passed", "detail"),
    [
        (f32(1, 2), f32(1, 2), PLAIN, True, ""),
        (f32(1, 2), f32(1, 2.0009), PLAIN, True, ""),
        (f32(1, 2), f32(1, 2.0011), PLAIN, False, "1 of 2 values are outside the limit"),
        (f32(1, 2), f32(0, 0), PLAIN, False, "2 of 2 values are outside the limit"),
        (f32(0, 1000), f32(0, 1000.09), Limit(0, 1e-4), True, ""),
        (f32(0, 1000), f32(0.001, 1000), Limit(0, 1e-4), False, "1 of 2 values"),
        (f32(1, 2), f32(1.0005, 2.0005), Limit(1e-3, 0, noise=1e-4), False, "together are off by 0.0005"),
        (f32(1, 2), f32(1.0005, 2.0005), Limit(1e-3, 0, noise=1e-3), True, ""),
        (f32([1, 2]), f32(1, 2), PLAIN, False, "shape (2,) instead of (1, 2)"),
        (f32(1), f32(), PLAIN, False, "shape (0,) instead of (1,)"),
        (f32(), f32(), PLAIN, False, "the reference output is empty"),
        (f32(1, 2), f32(1, np.nan), PLAIN, False, "1 values are NaN or infinite"),
        (f32(1, 2), f32(-np.inf, np.inf), PLAIN, False, "2 values are NaN or infinite"),
        (f32(1, np.nan), f32(1, np.nan), PLAIN, False, "the reference itself is not finite"),
        (f32(1, np.inf), f32(1, np.inf), PLAIN, False, "the reference itself is not finite"),
        (f32(1, 2), f32(1, 2).astype(np.float64), PLAIN, False, "type float64 instead of float32"),
        (np.array([1, 2]), f32(1, 2), PLAIN, False, "type float32 instead of int64"),
        (np.array([1, 2]), np.array([1, 2], dtype=np.int32), PLAIN, False, "type int32 instead of int64"),
        (np.array([1, 2]), np.array([1, 2]), PLAIN, True, ""),
        (np.array([1, 2]), np.array([1, 3]), PLAIN, False, "1 of 2 values"),
        (np.array([1, 90]), np.array([1, 91]), Limit(2, 0.1, noise=2.0), False, "1 of 2 values"),
        (np.array([True, False]), np.array([True, True]), PLAIN, False, "1 of 2 values"),
        (np.array([True, False]), np.array([True, False]), PLAIN, True, ""),
        (np.array(3.0), np.array(3.0), PLAIN, True, ""),
        (f32(-3e38, 1), f32(-3e38, 1), Limit(1e-3, 1e-6, noise=1e-3), True, ""),
        (f32(-3e38, 1), f32(-3e38, 2), Limit(1e-3, 1e-6, noise=1e-3), False, "1 of 2 values"),
        (f32(-3e38, 1), f32(0, 1), Limit(1e-3, 1e-6, noise=1e-3), False, "1 of 2 values"),
    ],
)
def test_compare__table(expected: Array, actual: Array, limit: Limit, passed: bool, detail: str) -> None:
    found = parity.compare("y", expected, actual, limit)
    assert found.passed is passed
    assert detail in found.detail
    assert bool(found.detail) is not passed


def test_compare__says_how_far_apart() -> None:
    found = parity.compare("y", f32(10, 0), f32(12, 0.5), Limit(1, 0, noise=0.1, movement=10))
    assert (found.output, found.shape) == ("y", (2,))
    assert found.max_abs_diff == pytest.approx(2)
    assert found.max_rel_diff == pytest.approx(0.2)
    assert found.signal_to_noise_db == pytest.approx(20 * math.log10(10 / math.sqrt((2**2 + 0.5**2) / 2)))
    assert found.least_db == pytest.approx(40)


def test_compare__what_cannot_be_compared_has_no_difference() -> None:
    assert parity.compare("y", f32(1), f32(1, 2), PLAIN).max_abs_diff is None
    assert parity.compare("y", f32(1), f32(np.nan), PLAIN).signal_to_noise_db is None


@pytest.mark.parametrize(
    ("mask", "shape", "wrong_at", "passed"),
    [
        ([[1, 0]], (1, 2, 3), (0, 1, 2), True),
        ([[1, 0]], (1, 2, 3), (0, 0, 2), False),
        ([[0, 1], [1, 1]], (2, 2), (0, 0), True),
        ([[0, 1], [1, 1]], (2, 2), (1, 0), False),
        ([[1, 0]], (1, 3), (0, 1), False),  # the output has other axes than the mask: nothing is ignored
        ([[1, 0]], (1,), (0,), False),
        ([1, 0], (2, 1), (1, 0), False),
    ],
)
def test_compare__padding_is_ignored_and_nothing_else(
    mask: list[object], shape: tuple[int, ...], wrong_at: tuple[int, ...], passed: bool
) -> None:
    expected = np.ones(shape, dtype=np.float32)
    actual = expected.copy()
    actual[wrong_at] = 5
    assert parity.compare("y", expected, actual, PLAIN, np.array(mask)).passed is passed


@pytest.mark.parametrize(
    ("expected", "actual", "passed"), [(5, 9, True), (5, np.nan, False), (5, np.inf, False), (np.nan, np.nan, True)]
)
def test_compare__behind_the_mask_nothing_may_become_nan(expected: float, actual: float, passed: bool) -> None:
    found = parity.compare("y", f32([1, expected]), f32([1, actual]), PLAIN, np.array([[1, 0]]))
    assert found.passed is passed
    assert ("1 values at padded positions are NaN or infinite" in found.detail) is not passed


def test_compare__a_mask_that_hides_everything_passes_nothing() -> None:
    found = parity.compare("y", np.ones((1, 2)), np.ones((1, 2)), PLAIN, np.zeros((1, 2)))
    assert found.passed is False


def test_compare__the_shape_in_the_record_is_the_whole_outputs() -> None:
    assert parity.compare("y", np.ones((1, 2, 3)), np.ones((1, 2, 3)), PLAIN, np.array([[1, 0]])).shape == (1, 2, 3)


def test_unknown__is_never_passed() -> None:
    assert parity.unknown("extra", f32(1, 2)).passed is None


@pytest.mark.parametrize(
    ("dtype", "atol", "rtol", "expected"),
    [
        ("fp32", 0.5, None, (0.5, 1e-4)),
        ("fp16", 0.5, None, (0.5, 1e-2)),
        ("fp32", None, 0.5, (3e-4, 0.5)),
        ("bf16", None, 0.5, (0.18, 0.5)),
        ("fp32", 0.0, 0.0, (0.0, 0.0)),
    ],
)
def test_limit__of_the_user_is_taken_literally(
    dtype: str, atol: float | None, rtol: float | None, expected: tuple[float, float]
) -> None:
    found = parity.limit(dtype, atol, rtol, Reference(movement=3.0, size=7.0, rounding=Rounding(9, 9)))
    assert (found.atol, found.rtol) == pytest.approx(expected)
    assert found.noise is None


@pytest.mark.parametrize(
    ("dtype", "reference", "atol", "noise"),
    [
        ("fp32", Reference(1.0, 1.0, Rounding(5e-6, 1e-6)), 8e-5, 6e-6),
        ("fp32", Reference(1.0, 1000.0, Rounding(1e-3, 1e-4)), 1.6e-2, 7.2e-4),
        ("fp32", Reference(1.0, 1.0, None), 1e-4, 3.8e-5),
        ("fp16", Reference(1.0, 1.0, Rounding(5e-3, 1e-3)), 8e-2, 1.66e-2),
        ("fp32", Reference(1.0, 1.0, Rounding(0, 0)), 3.8e-6, 2e-6),
    ],
)
def test_limit__a_few_times_the_references_own_rounding(
    dtype: str, reference: Reference, atol: float, noise: float
) -> None:
    found = parity.limit(dtype, None, None, reference)
    assert (found.atol, found.noise) == pytest.approx((atol, noise), rel=0.1)
    assert found.tells


@pytest.mark.parametrize(
    ("reference", "tells"),
    [
        (Reference(0.0, 1.0, Rounding(0, 0)), False),
        (Reference(0.0, 0.0, None), False),
        (Reference(1e-7, 1.0, Rounding(3e-7, 1e-7)), False),
        (Reference(1e-4, 1.0, Rounding(3e-7, 1e-7)), True),  # a model as it is initialised barely moves, and is told
        (Reference(1e-4, 1000.0, Rounding(6e-5, 3e-5)), False),
    ],
)
def test_limit__tells_where_another_inputs_answer_would_fail(reference: Reference, tells: bool) -> None:
    assert parity.limit("fp32", None, None, reference).tells is tells


finite = st.floats(-1e6, 1e6, width=32)
outputs = arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, max_side=5), elements=finite)
some_limits = st.builds(Limit, st.floats(1e-6, 1), st.floats(0, 0.1), st.none() | st.floats(0, 1))


@given(output=outputs, limit=some_limits)
def test_compare__an_output_agrees_with_itself(output: Array, limit: Limit) -> None:
    found = parity.compare("y", output, output.copy(), limit)
    assert found.passed is True
    assert found.max_abs_diff == 0


@given(output=outputs, limit=some_limits, data=st.data())
def test_compare__one_value_beyond_the_limit_never_passes(output: Array, limit: Limit, data: st.DataObject) -> None:
    place = tuple(data.draw(st.integers(0, size - 1)) for size in output.shape)
    output, actual = output.astype(np.float64), output.astype(np.float64)
    allowed = limit.atol + limit.rtol * abs(float(output[place]))
    actual[place] += data.draw(st.sampled_from([-1, 1])) * (allowed * 1.01 + 1e-9)
    found = parity.compare("y", output, actual, limit)
    assert found.passed is False
    assert found.detail == f"1 of {output.size} values are outside the limit"


@given(output=outputs, bad=st.sampled_from([np.nan, np.inf, -np.inf]), limit=some_limits, data=st.data())
def test_compare__one_value_that_is_no_number_never_passes(
    output: Array, bad: float, limit: Limit, data: st.DataObject
) -> None:
    actual = output.copy()
    actual[tuple(data.draw(st.integers(0, size - 1)) for size in output.shape)] = bad
    assert parity.compare("y", output, actual, limit).passed is False


@given(one=outputs, other=outputs, limit=some_limits)
def test_compare__other_shapes_never_pass(one: Array, other: Array, limit: Limit) -> None:
    if one.shape != other.shape:
        assert parity.compare("y", one, other, limit).passed is False
