"""How like an output is to the reference where it need not be equal: signal to noise, and the answers; pure NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Likeness
from onnx_export_action.validation import blocks

Array = NDArray[Any]

_MOST_DB = 150.0


@dataclass(frozen=True)
class Sums:
    """What can be added up over cases: power of the reference and of the difference, answers and equal ones."""

    output: str
    greatest: float
    signal: float
    noise: float
    answers: int
    same: int


def sums(name: str, expected: Array, actual: Array, mask: Array | None = None) -> Sums | None:
    """One output of one case; None where the two cannot be compared. Masked positions are left out."""
    if expected.shape != actual.shape or not expected.size or not np.isfinite(actual).all():
        return None
    own = blocks.own_mask(mask, expected)
    greatest, signal, noise = 0.0, 0.0, 0.0
    for reference, answer in blocks.of((expected, actual), None if own is None else np.equal(own, 1)):
        wide = reference.astype(np.float64)
        difference = answer.astype(np.float64) - wide
        greatest = max(greatest, float(np.abs(difference).max()))
        signal += float(np.square(wide).sum())
        noise += float(np.square(difference).sum())
    return Sums(name, greatest, signal, noise, *_answers(name, expected, actual, mask))


def together(parts: Iterable[Sums]) -> tuple[Likeness, ...]:
    """Each output over all its cases."""
    by_output: dict[str, list[Sums]] = {}
    for part in parts:
        by_output.setdefault(part.output, []).append(part)
    return tuple(_of_one(name, found) for name, found in by_output.items())


def _of_one(name: str, parts: list[Sums]) -> Likeness:
    signal, noise = sum(part.signal for part in parts), sum(part.noise for part in parts)
    return Likeness(
        output=name,
        max_abs_diff=max(part.greatest for part in parts),
        signal_to_noise_db=_decibel(signal, noise),
        answers=sum(part.answers for part in parts),
        same=sum(part.same for part in parts),
    )


def _decibel(signal: float, noise: float) -> float | None:
    if noise == 0:
        return _MOST_DB
    return min(_MOST_DB, 10 * math.log10(signal / noise)) if signal > 0 else None


def _answers(name: str, expected: Array, actual: Array, mask: Array | None) -> tuple[int, int]:
    """The greatest of each row of scores, as people read logits: a label, a token, a place in the text."""
    if "logits" not in name or expected.ndim < 2 or expected.shape[-1] < 2:
        return 0, 0
    if mask is not None and expected.shape == mask.shape:
        padded = mask != 1
        expected, actual = np.where(padded, -np.inf, expected), np.where(padded, -np.inf, actual)
    equal = expected.argmax(axis=-1) == actual.argmax(axis=-1)
    if mask is not None and mask.ndim == 2 and equal.shape == mask.shape:
        equal = equal[mask == 1]
    return int(equal.size), int(equal.sum())
