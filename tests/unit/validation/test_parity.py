"""When two answers agree; nothing passes by default."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from onnx_export_action.validation import parity
from onnx_export_action.validation.parity import Limits

PLAIN = Limits(atol=1e-3, rtol=0.0, scaled=False)
SCALED = Limits(atol=1e-4, rtol=1e-4, scaled=True)
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
        (f32(0, 1000), f32(0, 1000.09), Limits(0, 1e-4, False), True, ""),
        (f32(0, 1000), f32(0.001, 1000), Limits(0, 1e-4, False), False, "1 of 2 values"),
        (f32([1, 2]), f32(1, 2), PLAIN, False, "shape (2,) instead of (1, 2)"),
        (f32(1), f32(), PLAIN, False, "shape (0,) instead of (1,)"),
        (f32(), f32(), PLAIN, False, "the reference output is empty"),
        (f32(1, 2), f32(1, np.nan), PLAIN, False, "1 values are NaN or infinite"),
        (f32(1, 2), f32(-np.inf, np.inf), PLAIN, False, "2 values are NaN or infinite"),
        (f32(1, np.nan), f32(1, np.nan), PLAIN, False, "the reference itself is not finite"),
        (f32(1, np.inf), f32(1, np.inf), PLAIN, False, "the reference itself is not finite"),
        (np.array([1, 2]), np.array([1, 2]), PLAIN, True, ""),
        (np.array([1, 2]), np.array([1, 3]), PLAIN, False, "1 of 2 values"),
        (np.array([True, False]), np.array([True, True]), PLAIN, False, "1 of 2 values"),
        (np.array([True, False]), np.array([True, False]), SCALED, True, ""),
        (np.array(3.0), np.array(3.0), PLAIN, True, ""),
        (f32(0, 0), f32(0, 0), SCALED, True, ""),
        (f32(0, 0), f32(0, 1e-6), SCALED, False, "1 of 2 values"),
        (f32(1e6, 1e6), f32(1e6, 1e6 + 50), SCALED, True, ""),
        (f32(1e-3, 1e-3), f32(1e-3, 1.1e-3), SCALED, False, "1 of 2 values"),
    ],
)
def test_compare__table(expected: Array, actual: Array, limit: Limits, passed: bool, detail: str) -> None:
    found = parity.compare("y", expected, actual, limit)
    assert found.passed is passed
    assert detail in found.detail
    assert bool(found.detail) is not passed


def test_compare__says_how_far_apart() -> None:
    found = parity.compare("y", f32(10, 0), f32(12, 0.5), PLAIN)
    assert (found.output, found.shape) == ("y", (2,))
    assert found.max_abs_diff == pytest.approx(2)
    assert found.max_rel_diff == pytest.approx(0.2)


def test_compare__what_cannot_be_compared_has_no_difference() -> None:
    assert parity.compare("y", f32(1), f32(1, 2), PLAIN).max_abs_diff is None
    assert parity.compare("y", f32(1), f32(np.nan), PLAIN).max_abs_diff is None


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


def test_compare__a_mask_that_hides_everything_passes_nothing() -> None:
    found = parity.compare("y", np.ones((1, 2)), np.ones((1, 2)), PLAIN, np.zeros((1, 2)))
    assert found.passed is False


def test_compare__the_shape_in_the_record_is_the_whole_outputs() -> None:
    assert parity.compare("y", np.ones((1, 2, 3)), np.ones((1, 2, 3)), PLAIN, np.array([[1, 0]])).shape == (1, 2, 3)


def test_unknown__is_never_passed() -> None:
    assert parity.unknown("extra", f32(1, 2), PLAIN).passed is None


@pytest.mark.parametrize(
    ("dtype", "atol", "rtol", "expected"),
    [
        ("fp32", None, None, Limits(1e-4, 1e-4, True)),
        ("fp16", None, None, Limits(1e-2, 1e-2, True)),
        ("bf16", None, None, Limits(6e-2, 6e-2, True)),
        ("fp32", 0.5, None, Limits(0.5, 1e-4, False)),
        ("fp32", None, 0.5, Limits(1e-4, 0.5, True)),
        ("fp32", 0.0, 0.0, Limits(0.0, 0.0, False)),
    ],
)
def test_limits__of_the_user_are_taken_literally(
    dtype: str, atol: float | None, rtol: float | None, expected: Limits
) -> None:
    assert parity.limits(dtype, atol, rtol) == expected


finite = st.floats(-1e6, 1e6, width=32)
outputs = arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, max_side=5), elements=finite)
some_limits = st.builds(Limits, st.floats(1e-6, 1), st.floats(0, 0.1), st.booleans())


@given(output=outputs, limit=some_limits)
def test_compare__an_output_agrees_with_itself(output: Array, limit: Limits) -> None:
    found = parity.compare("y", output, output.copy(), limit)
    assert found.passed is True
    assert found.max_abs_diff == 0


@given(output=outputs, limit=some_limits, data=st.data())
def test_compare__one_value_beyond_the_limit_never_passes(output: Array, limit: Limits, data: st.DataObject) -> None:
    place = tuple(data.draw(st.integers(0, size - 1)) for size in output.shape)
    scale = max(1e-6, float(np.sqrt(np.mean(np.square(output, dtype=np.float64))))) if limit.scaled else 1.0
    allowed = limit.atol * scale + limit.rtol * abs(float(output[place]))
    actual = output.astype(np.float64)
    actual[place] += data.draw(st.sampled_from([-1, 1])) * (allowed * 1.01 + 1e-9)
    found = parity.compare("y", output, actual, limit)
    assert found.passed is False
    assert found.detail == f"1 of {output.size} values are outside the limit"


@given(output=outputs, limit=some_limits, factor=st.sampled_from([0.25, 2.0, 1024.0]))
def test_compare__scaled_limits_do_not_depend_on_the_unit(output: Array, limit: Limits, factor: float) -> None:
    scaled = Limits(limit.atol, limit.rtol, scaled=True)
    if np.abs(output).max() < 1e-3:
        return  # below the smallest scale the limit is absolute
    actual = output * np.float32(1 + 1e-4)
    once = parity.compare("y", output, actual, scaled)
    again = parity.compare("y", output * np.float32(factor), actual * np.float32(factor), scaled)
    assert once.passed == again.passed


@given(output=outputs, bad=st.sampled_from([np.nan, np.inf, -np.inf]), limit=some_limits, data=st.data())
def test_compare__one_value_that_is_no_number_never_passes(
    output: Array, bad: float, limit: Limits, data: st.DataObject
) -> None:
    actual = output.copy()
    actual[tuple(data.draw(st.integers(0, size - 1)) for size in output.shape)] = bad
    assert parity.compare("y", output, actual, limit).passed is False


@given(one=outputs, other=outputs, limit=some_limits)
def test_compare__other_shapes_never_pass(one: Array, other: Array, limit: Limits) -> None:
    if one.shape != other.shape:
        assert parity.compare("y", one, other, limit).passed is False
