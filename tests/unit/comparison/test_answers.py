"""How far answers moved, and how many are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onnx_export_action.comparison import answers
from onnx_export_action.comparison.answers import Tally
from onnx_export_action.records import Movement

Array = np.ndarray[Any, Any]
NAN = float("nan")


def movement(
    name: str, base: Array, head: Array, mask: Array | None = None, masked: tuple[str, ...] | None = None
) -> Movement:
    tallies: dict[str, Tally] = {}
    case = {"shape": "batch 2", **({} if masked is None else {"masked": masked})}
    answers.compare(tallies, ({name: base}, {name: head}), {name: name}, case, mask)
    return tallies[name].movement()


def scores(*rows: list[float]) -> Array:
    return np.array(rows, np.float32)


@pytest.mark.parametrize(
    ("name", "base", "head", "agreement", "counted"),
    [
        ("logits", scores([1, 2, 3], [3, 2, 1]), scores([1, 2, 4], [3, 2, 1]), 100, 2),
        ("logits", scores([1, 2, 3], [3, 2, 1]), scores([5, 2, 3], [3, 2, 1]), 50, 2),
        ("probabilities", scores([0.4, 0.6]), scores([0.6, 0.4]), 0, 1),
        ("y", scores([0.4, 0.6]), scores([0.6, 0.4]), 0, 1),
        ("logits", scores([1], [2]), scores([1], [2]), None, 0),
        ("logits", scores([1, NAN], [1, 2]), scores([1, 2], [1, 2]), 100, 1),
        ("logits", scores([1, 2], [1, 2]), scores([1, NAN], [1, 2]), 50, 2),
        ("pooler_output", scores([1, 2], [1, 2]), scores([2, 1], [1, 2]), None, 0),
        ("sentence_embedding", scores([1, 2]), scores([2, 1]), None, 0),
        ("pred_boxes", scores([1, 2]), scores([2, 1]), None, 0),
        ("label", np.array([1, 2, 3]), np.array([1, 2, 4]), pytest.approx(200 / 3), 3),
    ],
)
def test_compare__agreement_of_labels(
    name: str, base: Array, head: Array, agreement: float | None, counted: int
) -> None:
    found = movement(name, base, head)
    assert (found.agreement_pct, found.answers) == (agreement, counted)


def test_compare__tokens_count_where_there_is_text() -> None:
    base, mask = np.zeros((2, 3, 4), np.float32), np.array([[1, 1, 1], [1, 0, 0]])
    head = base.copy()
    base[..., 1] = 1
    head[..., 1] = 1
    head[1, 1:, 2] = 9  # at padding alone
    found = movement("logits", base, head, mask, masked=("logits",))
    assert (found.agreement_pct, found.answers, found.max_abs_diff) == (100, 4, 0)
    assert found.detail == "4 answers: the greatest of 4"
    assert movement("logits", base, head, mask, masked=()).agreement_pct == pytest.approx(400 / 6)


def test_compare__without_word_of_the_proof_three_axes_follow_the_mask() -> None:
    mask = np.array([[1, 1, 0]])
    base = np.zeros((1, 3, 4), np.float32)
    assert movement("logits", base, base, mask).answers == 2


def test_compare__a_position_in_the_text_is_never_padding() -> None:
    mask = np.array([[1, 1, 0]])
    base, head = scores([1, 2, 9]), scores([1, 2, 0])
    found = movement("start_logits", base, head, mask, masked=("start_logits",))
    assert (found.agreement_pct, found.answers, found.max_abs_diff) == (100, 1, 0)


def test_compare__an_image_has_its_classes_on_the_second_axis() -> None:
    base = np.zeros((2, 3, 4, 5), np.float32)
    base[:, 1] = 1
    found = movement("logits", base, base)
    assert (found.agreement_pct, found.answers) == (100, 40)
    assert "the greatest of 3" in found.detail


def test_compare__the_first_five() -> None:
    base = np.arange(8, dtype=np.float32)[None].repeat(2, 0)
    head = base.copy()
    head[0, 7] = 3.5  # the base's answer is fourth now
    head[1, 7] = -1
    found = movement("logits", base, head)
    assert (found.agreement_pct, found.top5_pct) == (0, 50)
    assert movement("logits", base[:, :5], head[:, :5]).top5_pct is None


def test_compare__vectors_are_told_by_their_cosine() -> None:
    found = movement("last_hidden_state", scores([1, 0], [0, 1]), scores([2, 0], [1, 1]))
    assert found.detail == "2 vectors, least cosine 0.707107"
    assert found.max_abs_diff == 1


@pytest.mark.parametrize(
    ("base", "head", "difference", "detail"),
    [
        (scores([1, 2]), scores([1, 2, 3]), None, "1 x 3 instead of 1 x 2 at batch 2"),
        (scores([NAN, 2]), scores([NAN, 2]), 0, ""),
        (scores([float("inf"), 2]), scores([float("inf"), 2]), 0, ""),
        (scores([1, 2]), scores([NAN, 2.5]), 0.5, "1 values are NaN or infinite on one side"),
        (scores([1]), scores([NAN]), None, "1 values are NaN or infinite on one side"),
        (np.array([["a"]]), np.array([["a"]]), None, "<U1 and <U1 cannot be subtracted"),
    ],
)
def test_compare__what_cannot_be_compared_is_said(
    base: Array, head: Array, difference: float | None, detail: str
) -> None:
    found = movement("hidden", base, head)
    assert found.max_abs_diff == difference
    assert detail in found.detail


def test_compare__half_and_single_precision() -> None:
    base = scores([1, 2, 3])
    found = movement("logits", base, base.astype(np.float16))
    assert (found.agreement_pct, found.max_abs_diff) == (100, 0)


def test_compare__outputs_that_one_side_has_alone() -> None:
    tallies: dict[str, Tally] = {}
    one = scores([1, 2])
    answers.compare(tallies, ({"a": one, "old": one}, {"b": one, "new": one}), {"a": "b"}, {"shape": "s"}, None)
    assert {name: tally.movement().detail for name, tally in tallies.items()} == {
        "b": "1 answers: the greatest of 2",
        "old": "only the base has it",
        "new": "only the candidate has it",
    }


def test_compare__cases_add_up() -> None:
    tallies: dict[str, Tally] = {}
    for head in (scores([1, 2]), scores([4, 2])):
        answers.compare(tallies, ({"y": scores([1, 2])}, {"y": head}), {"y": "y"}, {"shape": "s"}, None)
    found = tallies["y"].movement()
    assert (found.answers, found.agreement_pct, found.max_abs_diff) == (2, 50, 3)
