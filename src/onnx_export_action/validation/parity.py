"""Compare one output with the reference; pure NumPy.

Without limits of the user two things are allowed: a few times the difference that one more rounding of every part
makes in the reference itself, value by value and over all values, and no more. Where even the answer to another
input would keep to that, the output tells nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Parity
from onnx_export_action.validation import blocks, variation

Array = NDArray[Any]

MOST_DB = 150.0

_DEFAULTS = {"fp32": 1e-4, "fp16": 1e-2, "bf16": 6e-2}
_ULP = {"fp32": 2.0**-23, "fp16": 2.0**-10, "bf16": 2.0**-7}
# Over the reference's own rounding; docs/validation.md has the greatest that right files needed.
_GREATEST, _TYPICAL = 16.0, 6.0
# A few values may round by luck alike: at least so much, in roundings of the output's movement and of its size.
_LEAST_OF_MOVEMENT, _LEAST_OF_SIZE = 32.0, 4.0

_SPOILT = "values at padded positions are NaN or infinite, and the model's are not"


@dataclass(frozen=True)
class Rounding:
    """How far one more rounding of every part moved an output of the reference: at most, and as root mean square."""

    greatest: float
    typical: float


@dataclass(frozen=True)
class Reference:
    """What is known of an output over all cases: its movement between inputs, its size, its rounding where measured."""

    movement: float
    size: float
    rounding: Rounding | None = None


@dataclass(frozen=True)
class Limit:
    """What one output has to keep to; `noise` is the greatest root mean square, None where the user set a limit."""

    atol: float
    rtol: float
    noise: float | None = None
    movement: float = 0.0

    @property
    def tells(self) -> bool:
        """Whether the answer to another input would not pass as well."""
        return (self.atol if self.noise is None else self.noise) < self.movement

    def may_turn(self, greater: Array, lesser: Array) -> Array:
        """Whether rounding within the limits, one score down and the other up, may change their order."""
        turned: Array = greater - lesser <= 2 * self.atol + self.rtol * (np.abs(greater) + np.abs(lesser))
        return turned


def limit(dtype: str, atol: float | None, rtol: float | None, reference: Reference) -> Limit:
    """The user's limits literally, or those that the reference's own rounding sets."""
    default, movement = _DEFAULTS[dtype], reference.movement
    if atol is not None or rtol is not None:
        absolute = default * movement if atol is None else atol
        return Limit(absolute, default if rtol is None else rtol, movement=movement)
    ulp = _ULP[dtype]
    own = reference.rounding or Rounding(default * movement / _GREATEST, default * movement / _GREATEST)
    greatest = max(_GREATEST * own.greatest, _LEAST_OF_MOVEMENT * ulp * movement)
    typical = max(_TYPICAL * own.typical, _LEAST_OF_MOVEMENT / 2 * ulp * movement)
    return Limit(greatest, _LEAST_OF_SIZE * ulp, typical + ulp * reference.size, movement)


def compare(name: str, expected: Array, actual: Array, limit: Limit, mask: Array | None = None) -> Parity:
    """The difference of one output; with a mask of its first axes, only where the mask is 1.

    At padded positions a model answers nothing that anyone reads, and exporters rightly differ there; but for NaN, as
    a mean over the positions that multiplies it by 0 is NaN too.
    """
    shape = tuple(int(size) for size in expected.shape)
    problem = _problem(expected, actual)
    if not problem:
        own = blocks.own_mask(mask, expected)
        if not np.issubdtype(expected.dtype, np.floating) and limit.noise is not None:
            limit = Limit(0.0, 0.0, None, limit.movement)  # whole numbers and truth values do not round
        found = _found(expected, actual, limit, None if own is None else np.equal(own, 1))
        spoilt = 0 if own is None else _spoilt(expected, actual, np.not_equal(own, 1))
        problem = found.problem or (spoilt and f"{spoilt} {_SPOILT}") or ""
    if problem:
        return Parity(output=name, passed=False, shape=shape, atol=limit.atol, rtol=limit.rtol, detail=problem)
    return _measure(name, shape, found, limit)


@dataclass
class _Found:
    """What is known of a difference, added up block by block."""

    number: int = 0
    endless: int = 0  # NaN and infinite, of the reference
    broken: int = 0  # the same, of the file
    outside: int = 0
    greatest: float = 0.0
    relative: float = 0.0
    read: int = 0  # values that are answers
    squares: float = 0.0  # of their differences

    @property
    def problem(self) -> str:
        if self.number == 0:
            return "the reference output is empty"
        if self.endless:
            return "the reference itself is not finite"
        return f"{self.broken} values are NaN or infinite" if self.broken else ""

    @property
    def noise(self) -> float:
        return math.sqrt(self.squares / self.read) if self.read else 0.0


def _problem(expected: Array, actual: Array) -> str:
    if expected.shape != actual.shape:
        return f"shape {tuple(actual.shape)} instead of {tuple(expected.shape)}"
    if expected.dtype != actual.dtype:
        return f"type {actual.dtype} instead of {expected.dtype}"
    return ""


def _found(expected: Array, actual: Array, limit: Limit, chosen: Array | None) -> _Found:
    found = _Found()
    with np.errstate(all="ignore"):  # of values that are not finite nothing is read but their number
        for reference, answer in blocks.of((expected, actual), chosen):
            read = variation.answers(reference)
            difference = np.abs(answer.astype(np.float64) - reference)
            magnitude = np.abs(reference.astype(np.float64))
            ratio = np.divide(difference, magnitude, out=np.zeros_like(difference), where=magnitude > 0)
            found.number += difference.size
            found.endless += int((~np.isfinite(reference)).sum())
            found.broken += int((~np.isfinite(answer)).sum())
            found.outside += int((difference > limit.atol + limit.rtol * magnitude).sum())
            found.greatest = max(found.greatest, float(difference.max()))
            found.relative = max(found.relative, float(ratio.max()))
            found.read += int(read.sum())
            found.squares += float(np.square(difference[read]).sum())
    return found


def _spoilt(expected: Array, actual: Array, padded: Array) -> int:
    pairs = blocks.of((expected, actual), padded)
    return sum(int((~np.isfinite(answer) & np.isfinite(reference)).sum()) for reference, answer in pairs)


def _measure(name: str, shape: tuple[int, ...], found: _Found, limit: Limit) -> Parity:
    noisy = limit.noise is not None and found.noise > limit.noise
    return Parity(
        output=name,
        passed=not found.outside and not noisy,
        shape=shape,
        max_abs_diff=found.greatest,
        max_rel_diff=found.relative,
        signal_to_noise_db=decibel(limit.movement, found.noise),
        least_db=None if limit.noise is None else decibel(limit.movement, limit.noise),
        tells=limit.tells,
        atol=limit.atol,
        rtol=limit.rtol,
        detail=_detail(found, limit) if found.outside or noisy else "",
    )


def _detail(found: _Found, limit: Limit) -> str:
    if found.outside:
        return f"{found.outside} of {found.number} values are outside the limit"
    return f"all values together are off by {found.noise:.3g} (root mean square), {limit.noise or 0.0:.3g} is allowed"


def decibel(signal: float, noise: float) -> float | None:
    """The ratio of two root mean squares, 150 at most; None where there is no signal to speak of."""
    if noise == 0:
        return MOST_DB
    return min(MOST_DB, 20 * math.log10(signal / noise)) if signal > 0 else None


def unknown(name: str, actual: Array) -> Parity:
    """An output that the model does not have: nothing says that it is right, so it does not pass."""
    shape = tuple(int(size) for size in actual.shape)
    return Parity(
        output=name, passed=None, shape=shape, atol=0.0, rtol=0.0, detail="the model has no output of this name"
    )
