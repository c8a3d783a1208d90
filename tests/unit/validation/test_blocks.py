"""Arrays block by block: every value once, and sums as they are of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from onnx_export_action.validation import blocks, parity, variation
from onnx_export_action.validation.parity import Limit

Array = NDArray[Any]

_SHAPES = [(), (3,), (0, 4), (1, 1), (2, 3, 5), (300, 700), (2, 70_000), (70_000, 2), (3, 40, 2_000)]


@pytest.mark.parametrize("shape", _SHAPES)
def test_of__every_value_once_and_in_order(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    found = [part for (part,) in blocks.of((values,))]
    assert np.array_equal(np.concatenate([*found, np.array([], int)]), values.reshape(-1))
    assert all(part.base is not None for part in found)  # nothing is copied


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5), (3, 40, 2_000), (2, 50, 7, 400)])
@given(seed=st.integers(0, 5))
def test_of__only_where_it_is_chosen(shape: tuple[int, ...], seed: int) -> None:
    generator = np.random.default_rng(seed)
    values, chosen = generator.standard_normal(shape), generator.random(shape[:2]) < seed / 5
    found = [np.stack(pair) for pair in blocks.of((values, -values), chosen)]
    whole = np.concatenate([*found, np.zeros((2, 0))], axis=1)
    assert np.array_equal(whole[0], values[chosen].reshape(-1))
    assert np.array_equal(whole[1], -whole[0])


@pytest.mark.parametrize("shape", [shape for shape in _SHAPES if 0 not in shape])
def test_across__whole_columns_with_their_mask(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).standard_normal(shape)
    mask = (values[..., 0] > 0).astype(int) if values.ndim > 2 else None
    found = list(blocks.across(values, mask))
    rows = shape[0] if shape else 1
    assert all(part.shape == kept.shape and len(part) == rows for part, kept in found)
    joined = np.concatenate([part.reshape(rows, -1) for part, _ in found], axis=1)
    assert np.array_equal(joined, values.reshape(rows, -1))
    kept = np.concatenate([kept.reshape(rows, -1) for _, kept in found], axis=1)
    wanted = np.ones(shape, bool) if mask is None else np.broadcast_to(mask[..., None] == 1, shape)
    assert np.array_equal(kept, wanted.reshape(rows, -1))


@given(
    values=arrays.arrays(np.float32, (3, 5, 4), elements=st.floats(-8, 8, width=32)),
    mask=arrays.arrays(np.int64, (3, 5), elements=st.integers(0, 1)),
    at_once=st.sampled_from([1, 7, 16, 1 << 16]),
)
def test_sums__do_not_depend_on_the_size_of_a_block(values: Array, mask: Array, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "_VALUES", at_once)
        seen = variation.Variation()
        seen.add("y", values, mask)
        compared = parity.compare("y", values, values + np.float32(0.25), Limit(0.3, 0.0, 0.3, 1.0), mask)
    kept = values[mask == 1].astype(np.float64)
    assert seen.of("y")[1] == pytest.approx(np.sqrt(np.mean(np.square(kept))) if kept.size else 0.0)
    if kept.size:
        assert compared.passed
        assert compared.max_abs_diff == pytest.approx(0.25, abs=1e-5)
