"""Whether a file gives the model's answers to real inputs, sample by sample; pure NumPy.

Two answers are the same when the model's own scores hold them for equal. Where they differ by no more than the limits
allow, rounding may have turned them, which is no fault; any other difference is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.validation import parity
from onnx_export_action.validation.parity import Limit

Array = NDArray[Any]

_TOLD = 8
_LONGEST_SPAN = 15  # tokens, as transformers' pipeline has it


@dataclass(frozen=True)
class Agreement:
    """One sample; of the answers that differ the places, and both choices there."""

    answers: int
    same: int
    wrong: int = 0
    margin: float | None = 0.0  # None where the file's scores are no numbers
    places: tuple[int, ...] = ()
    expected: tuple[int, ...] = ()
    actual: tuple[int, ...] = ()
    cosine: float | None = None  # of outputs that are no choice


def ranked(scores: Array, choices: Array, answered: Array, actual: Array, limit: Limit) -> list[Agreement]:
    """Answers that are the greatest of several scores; of the model's the greatest few, with what they are for."""
    kept = zip(answered.astype(bool), scores.astype(np.float64), choices, actual, strict=True)
    return [_ranked(one[row], choice[row], given[row], limit) for row, one, choice, given in kept]


def _ranked(scores: Array, choices: Array, given: Array, limit: Limit) -> Agreement:
    chosen, lost = given.argmax(axis=-1), np.isnan(given).any(axis=-1)
    # A choice beyond the model's greatest few is worth no more to it than the last of them.
    found = choices == chosen[:, None]
    theirs = np.where(found.any(axis=-1), np.where(found, scores, 0).sum(axis=-1), scores[:, -1])
    margins = np.where(lost, np.inf, scores[:, 0] - theirs)
    same = (margins == 0) & found.any(axis=-1)
    wrong = ~same & (lost | ~limit.may_turn(scores[:, 0], theirs))
    worst = [place for place in np.argsort(-margins, kind="stable") if not same[place]][:_TOLD]
    return Agreement(
        answers=len(chosen),
        same=int(same.sum()),
        wrong=int(wrong.sum()),
        margin=_greatest(margins[~same]),
        places=tuple(map(int, worst)),
        expected=tuple(int(choices[place, 0]) for place in worst),
        actual=tuple(int(chosen[place]) for place in worst),
    )


def texts(scores: Array, choices: Array, answered: Array, actual: Array, limit: Limit) -> list[Agreement]:
    """The same for tokens that are one text: both texts are told as a whole."""
    found = ranked(scores, choices, answered, actual, limit)
    for row, one in enumerate(found):
        if one.same < one.answers:
            kept = answered[row].astype(bool)
            model, file = choices[row][kept][:, 0], actual[row][kept].argmax(axis=-1)
            found[row] = replace(one, places=(), expected=tuple(map(int, model)), actual=tuple(map(int, file)))
    return found


def labels(expected: Array, actual: Array, limit: Limit) -> list[Agreement]:
    """Sets of labels: those with a score above zero."""
    return [_labels(one.astype(np.float64), other, limit) for one, other in zip(expected, actual, strict=True)]


def _labels(expected: Array, actual: Array, limit: Limit) -> Agreement:
    differ = ((expected > 0) != (actual > 0)) | np.isnan(actual)
    close = np.abs(expected) <= limit.atol + limit.rtol * np.abs(expected)
    return Agreement(
        answers=1,
        same=int(not differ.any()),
        wrong=int((differ & ~(close & ~np.isnan(actual))).any()),
        margin=None if np.isnan(actual).any() else float(np.abs(expected[differ]).max(initial=0.0)),
        expected=tuple(map(int, np.flatnonzero(expected > 0))),
        actual=tuple(map(int, np.flatnonzero(actual > 0))),
    )


def spans(
    expected: tuple[Array, Array], actual: tuple[Array, Array], answered: Array, limits: tuple[Limit, Limit]
) -> list[Agreement]:
    """Starts and ends: the pair with the greatest sum, the end behind its start and not far from it."""
    found = []
    for row, places in enumerate(answered.astype(bool)):
        right, given = (_pairs(start[row], end[row], places) for start, end in (expected, actual))
        found.append(_span(right, given, Limit(*_sum(limits))))
    return found


def _pairs(starts: Array, ends: Array, places: Array) -> Array:
    sums = starts.astype(np.float64)[:, None] + ends.astype(np.float64)[None]
    distance = np.arange(len(ends))[None] - np.arange(len(starts))[:, None]
    allowed = places[:, None] & places[None] & (distance >= 0) & (distance < _LONGEST_SPAN)
    return np.where(allowed, sums, -np.inf)


def _span(right: Array, given: Array, limit: Limit) -> Agreement:
    best, chosen = (np.unravel_index(each.argmax(), each.shape) for each in (right, given))
    lost = bool(np.isnan(given).any())
    margin = float("inf") if lost else float(right[best] - right[chosen])
    same = not margin or best == chosen
    if same:
        return Agreement(1, 1)
    wrong = lost or not bool(limit.may_turn(right[best], right[chosen]))
    expected, actual = (tuple(map(int, pair)) for pair in (best, chosen))
    return Agreement(1, 0, int(wrong), _greatest(np.array([margin])), (), expected, actual)


def _sum(limits: tuple[Limit, Limit]) -> tuple[float, float]:
    return sum(limit.atol for limit in limits), max(limit.rtol for limit in limits)


def values(name: str, expected: Array, answered: Array | None, actual: Array, limit: Limit) -> list[Agreement]:
    """Outputs that are no choice: a sample agrees where every value keeps to the limits; padding is left out."""
    each = replace(limit, noise=None)  # which is for whole cases
    covers = answered is not None and expected.ndim > 2 and answered.shape == expected.shape[:2]
    found = []
    for row in range(len(expected)):
        kept = answered[row].astype(bool) if covers and answered is not None else slice(None)
        right, given = (np.atleast_1d(each[row])[kept] for each in (expected, actual))
        compared = parity.compare(name, right, given, each)
        same = int(compared.passed is True)
        found.append(Agreement(1, same, 1 - same, compared.max_abs_diff, cosine=_cosine(right, given)))
    return found


def _cosine(right: Array, given: Array) -> float | None:
    one, other = (each.astype(np.float64).ravel() for each in (right, given))
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norm if one.size > 1 and np.isfinite(norm) and norm > 0 else None


def _greatest(margins: Array) -> float | None:
    """The greatest margin; None where the file's scores are no numbers, which has no measure."""
    greatest = float(margins.max(initial=0.0))
    return greatest if np.isfinite(greatest) else None
