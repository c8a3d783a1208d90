"""Signal to noise and answers: over all cases, without what is padded, never of what cannot be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from onnx_export_action.records import Likeness
from onnx_export_action.validation import likeness

RANDOM = np.random.default_rng(0)
SIGNAL = RANDOM.standard_normal((4, 6, 8))
MASK = np.array([[1, 1, 1, 1, 1, 1]] * 2 + [[1, 1, 1, 0, 0, 0]] * 2)


def of_one(name: str, expected: NDArray[Any], actual: NDArray[Any], mask: NDArray[Any] | None = None) -> Likeness:
    part = likeness.sums(name, expected, actual, mask)
    assert part is not None
    (found,) = likeness.together([part])
    return found


@pytest.mark.parametrize(("factor", "decibel"), [(1.1, 20), (1.01, 40), (2.0, 0), (0.0, 0)])
def test_together__tells_the_noise(factor: float, decibel: float) -> None:
    assert of_one("hidden", SIGNAL, SIGNAL * factor).signal_to_noise_db == pytest.approx(decibel, abs=1e-9)


def test_together__equal_outputs_have_the_greatest_figure() -> None:
    found = of_one("hidden", SIGNAL, SIGNAL.copy())
    assert (found.signal_to_noise_db, found.max_abs_diff, found.answers) == (150, 0, 0)
    assert of_one("hidden", np.zeros(3), np.zeros(3)).signal_to_noise_db == 150


def test_together__noise_without_a_signal_has_no_figure() -> None:
    assert of_one("hidden", np.zeros(3), np.ones(3)).signal_to_noise_db is None


def test_together__adds_up_over_cases() -> None:
    first, second = SIGNAL[:2], 10 * SIGNAL[2:]
    parts = [likeness.sums("x", part, part + 0.1) for part in (first, second)]
    (found,) = likeness.together([part for part in parts if part is not None])
    whole = np.concatenate([first, second])
    assert found.signal_to_noise_db == pytest.approx(10 * np.log10((whole**2).sum() / (0.01 * whole.size)))
    assert found.max_abs_diff == pytest.approx(0.1)


def test_together__keeps_outputs_apart() -> None:
    parts = [likeness.sums(name, SIGNAL, SIGNAL) for name in ("a", "b", "a")]
    assert [found.output for found in likeness.together([part for part in parts if part is not None])] == ["a", "b"]


@pytest.mark.parametrize(
    "actual", [SIGNAL[:2], SIGNAL * np.nan, np.where(SIGNAL > 1, np.inf, SIGNAL)], ids=["shape", "nan", "inf"]
)
def test_sums__nothing_of_what_cannot_be_compared(actual: NDArray[Any]) -> None:
    assert likeness.sums("logits", SIGNAL, actual) is None


def test_sums__padding_is_no_noise() -> None:
    other = SIGNAL + 100.0 * (MASK != 1)[..., None]
    assert of_one("hidden", SIGNAL, other, MASK).signal_to_noise_db == 150
    assert of_one("hidden", SIGNAL, other).signal_to_noise_db < 0  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "shape", "answers"),
    [
        ("logits", (4, 3), 4),
        ("logits", (4, 6, 8), 24),
        ("start_logits", (4, 6), 4),
        ("logits", (4, 1), 0),
        ("logits", (4,), 0),
        ("last_hidden_state", (4, 6, 8), 0),
    ],
)
def test_sums__counts_answers_of_scores_alone(name: str, shape: tuple[int, ...], answers: int) -> None:
    scores = RANDOM.standard_normal(shape)
    found = of_one(name, scores, scores)
    assert (found.answers, found.same) == (answers, answers)


def test_sums__a_padded_token_has_no_answer() -> None:
    other = SIGNAL.copy()
    other[3, 5] = -other[3, 5]
    found = of_one("logits", SIGNAL, other, MASK)
    assert (found.answers, found.same) == (18, 18)


def test_sums__a_padded_place_is_no_answer() -> None:
    scores = RANDOM.standard_normal((4, 6))
    other = scores + 100.0 * (MASK != 1)
    found = of_one("start_logits", scores, other, MASK)
    assert (found.answers, found.same) == (4, 4)


@given(st.integers(0, 24))
def test_sums__counts_each_answer_that_differs(wrong: int) -> None:
    other = SIGNAL.reshape(24, 8).copy()
    other[:wrong] *= -1
    found = of_one("logits", SIGNAL, other.reshape(SIGNAL.shape))
    assert (found.answers, found.same) == (24, 24 - wrong)
