"""Answers to real inputs: the same, as good, or wrong; never taken for the same where they cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from onnx_export_action.validation import agreement, real_inputs
from onnx_export_action.validation.agreement import Agreement
from onnx_export_action.validation.parity import Limit

Array = NDArray[Any]
LIMIT = Limit(0.1, 0.0)
WORDS = np.array([[[3.0, 1.0, 2.9, 0.0], [0.0, 5.0, 1.0, 4.0]]])  # one sample, two places, four choices


def best(scores: Array, few: int = 2) -> tuple[Array, Array]:
    """The greatest few and what they are for, as the model's worker keeps them."""
    choices = np.argsort(-scores, axis=-1)[..., :few]
    return np.take_along_axis(scores, choices, axis=-1), choices


def ranked(expected: Array, actual: Array, answered: Array | None = None) -> Agreement:
    every = np.ones(actual.shape[:2])
    (found,) = agreement.ranked(*best(expected), every if answered is None else answered, actual, LIMIT)
    return found


def changed(place: int, choice: int, value: float) -> Array:
    scores = WORDS.copy()
    scores[0, place, choice] = value
    return scores


def test_ranked__the_same() -> None:
    assert ranked(WORDS, WORDS + 0.05) == Agreement(answers=2, same=2)


def test_ranked__as_good_where_rounding_may_have_turned_them() -> None:
    found = ranked(WORDS, changed(0, 2, 3.05))
    assert (found.same, found.wrong, found.places, found.expected, found.actual) == (1, 0, (0,), (0,), (2,))
    assert found.margin == pytest.approx(0.1)


def test_ranked__wrong_beyond_that_however_near_the_scores_of_the_file_are() -> None:
    found = ranked(WORDS, changed(1, 3, 5.0001))
    assert (found.same, found.wrong, found.expected, found.actual) == (1, 1, (1,), (3,))
    assert found.margin == 1.0


def test_ranked__a_choice_beyond_the_few_that_were_kept() -> None:
    found = ranked(WORDS, changed(1, 0, 9.0))
    assert (found.wrong, found.actual) == (1, (0,))
    assert found.margin == 1.0  # at least: the second best of the model


@pytest.mark.parametrize("choice", range(4))
def test_ranked__what_is_no_number_is_wrong(choice: int) -> None:
    found = ranked(WORDS, changed(0, choice, float("nan")))
    assert (found.same, found.wrong, found.margin) == (1, 1, None)


def test_ranked__only_places_that_have_an_answer() -> None:
    found = ranked(WORDS, changed(1, 3, 6.0), np.array([[True, False]]))
    assert found == Agreement(answers=1, same=1)


def test_ranked__equal_scores_are_one_answer() -> None:
    assert ranked(np.array([[[1.0, 1.0, 0.0]]]), np.array([[[0.9, 1.0, 0.0]]])).same == 1


def test_ranked__masked_scores() -> None:
    hidden = np.where(WORDS > 2, WORDS, -np.inf)
    assert ranked(hidden, hidden) == Agreement(answers=2, same=2)


def test_ranked__the_worst_places_come_first() -> None:
    expected = np.tile(np.array([[1.0, 0.0]]), (20, 1)) * np.arange(1, 21)[:, None]
    found = ranked(expected[None], expected[None, :, ::-1])
    assert found.wrong == 20
    assert found.places == tuple(range(19, 11, -1))


@given(arrays.arrays(np.float64, (3, 4, 5), elements=st.floats(-9, 9)), st.floats(-0.04, 0.04))
def test_ranked__nothing_within_the_limits_is_wrong(scores: Array, noise: float) -> None:
    moved = scores + noise * np.sign(scores - 1)
    for one in agreement.ranked(*best(scores, 5), np.ones((3, 4)), moved, LIMIT):
        assert one.wrong == 0


def test_texts__both_are_told_as_a_whole() -> None:
    answered = np.array([[True, True]])
    (found,) = agreement.texts(*best(WORDS), answered, changed(1, 3, 6.0), LIMIT)
    assert (found.expected, found.actual) == ((0, 1), (0, 3))


@pytest.mark.parametrize(
    ("actual", "same", "wrong"),
    [
        ([2.0, -2.0, 0.05], 1, 0),
        ([0.3, -7.0, 0.01], 1, 0),
        ([2.0, -2.0, -0.1], 0, 0),
        ([-0.1, -2.0, 0.05], 0, 1),
        ([2.0, 0.1, -0.1], 0, 1),
        ([2.0, float("nan"), 0.05], 0, 1),
    ],
)
def test_labels__a_set_is_one_answer(actual: list[float], same: int, wrong: int) -> None:
    (found,) = agreement.labels(np.array([[2.0, -2.0, 0.05]]), np.array([actual]), LIMIT)
    assert (found.answers, found.same, found.wrong) == (1, same, wrong)
    assert found.expected == (0, 2)


SPAN = np.zeros((1, 40))


def logits(**values: float) -> Array:
    found = SPAN.copy()
    for place, value in values.items():
        found[0, int(place[1:])] = value
    return found


def spans(actual: tuple[Array, Array]) -> Agreement:
    inside = np.arange(40)[None] >= 5
    expected = logits(_7=4.0, _2=9.0), logits(_9=4.0, _3=9.0, _30=8.0)
    (found,) = agreement.spans(expected, actual, inside, (LIMIT, LIMIT))
    return found


def test_spans__inside_the_context_forwards_and_not_too_long() -> None:
    assert spans((logits(_7=1.0, _2=50.0), logits(_9=1.0, _6=0.5))) == Agreement(1, 1)


def test_spans__another_end_is_wrong() -> None:
    found = spans((logits(_7=4.0), logits(_9=4.0, _8=4.1)))
    assert (found.wrong, found.expected, found.actual, found.margin) == (1, (7, 9), (7, 8), 4.0)


def test_values__a_sample_agrees_where_each_value_does_and_padding_is_left_out() -> None:
    expected = np.ones((2, 3, 2))
    actual = expected.copy()
    actual[0, 2], actual[1, 2] = 7.0, 7.0
    answered = np.array([[True, True, False], [True, True, True]])
    first, second = agreement.values("hidden", expected, answered, actual, Limit(0.1, 0.0, noise=0.0))
    assert (first.same, first.wrong, first.margin) == (1, 0, 0.0)
    assert (second.same, second.wrong, second.margin) == (0, 1, 6.0)
    assert second.cosine == pytest.approx(18 / 612**0.5)


def test_values__single_numbers_have_no_cosine() -> None:
    (found,) = agreement.values("logits", np.ones((1, 1)), None, np.array([[np.nan]]), LIMIT)
    assert (found.wrong, found.margin, found.cosine) == (1, None, None)


RULE = {"kind": "label", "output": "logits", "axis": -1, "end": ""}


def kept(folder: Path, **values: Array) -> dict[str, Any]:
    np.savez(folder / "batch.npz", allow_pickle=False, **values)
    return {"file": str(folder / "batch.npz"), "written": False, "rule": RULE}


def test_agree__runs_the_file_on_the_inputs_of_the_batch(tmp_path: Path) -> None:
    scores, choices = best(np.array([[[0.0, 2.0]], [[2.0, 0.0]]]))
    batch = kept(tmp_path, **{"in.x": np.array([[0.0, 2.0], [0.0, 2.0]]), "top.scores": scores, "top.choices": choices})
    first, second = real_inputs.agree(batch, lambda inputs: {"logits": inputs["x"]}, None, {"logits": LIMIT})
    assert first == Agreement(1, 1)
    assert (second.wrong, second.expected, second.actual) == (1, (0,), (1,))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [({"other": np.ones((2, 2))}, "no output logits"), ({"logits": np.ones((3, 2))}, r"the shape \(3, 1\) instead of")],
)
def test_agree__an_output_that_is_none_or_of_another_shape(
    tmp_path: Path, answer: dict[str, Array], sentence: str
) -> None:
    scores, choices = best(np.zeros((2, 1, 2)))
    batch = kept(tmp_path, **{"top.scores": scores, "top.choices": choices})
    with pytest.raises(ValueError, match=sentence):
        real_inputs.agree(batch, lambda _: answer, None, {"logits": LIMIT})
