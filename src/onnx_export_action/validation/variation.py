"""How far the reference's answers move between inputs: the yardstick of every difference; pure NumPy.

The rows of a batch are different inputs at the same places, so what they share says nothing: an output that is a
large constant and a small answer moves by the answer alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Such a value marks a place that is ruled out, as `finfo.min` does; it is no answer, and would be all of the power.
_RULED_OUT = 0.5


@dataclass
class _Sums:
    rows: float = 0.0  # squares of the distance from the mean of a batch, summed
    freedom: float = 0.0
    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0


@dataclass
class Variation:
    """The movement of each output, summed over the cases that were added."""

    _sums: dict[str, _Sums] = field(default_factory=dict)

    def add(self, name: str, expected: Array, mask: Array | None = None) -> None:
        """One output of one case; masked positions are left out."""
        values = expected.astype(np.float64)
        weight = (answers(expected) & _wide(mask, expected)).astype(np.float64)
        values = np.where(weight > 0, values, 0.0)
        sums = self._sums.setdefault(name, _Sums())
        sums.count += float(weight.sum())
        sums.total += float(values.sum())
        sums.squares += float(np.square(values).sum())
        if values.ndim and len(values) > 1:
            number = weight.sum(axis=0)
            mean = values.sum(axis=0) / np.maximum(number, 1)
            sums.rows += float((np.square(values - mean) * weight).sum())
            sums.freedom += float(np.maximum(number - 1, 0).sum())

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs that were added."""
        return tuple(self._sums)

    def of(self, name: str) -> tuple[float, float]:
        """Standard deviation of an output between inputs (without a batch of several rows, of all values); its size."""
        sums = self._sums[name]
        square = sums.squares / max(sums.count, 1)
        spread = sums.rows / sums.freedom if sums.freedom else square - (sums.total / max(sums.count, 1)) ** 2
        return math.sqrt(max(0.0, spread)), math.sqrt(square)


def answers(expected: Array) -> Array:
    """Where an output holds finite values that are answers, and no marks of what is ruled out."""
    if not np.issubdtype(expected.dtype, np.floating):
        return np.ones(expected.shape, dtype=bool)
    largest = _RULED_OUT * float(np.finfo(expected.dtype).max)
    return np.isfinite(expected) & (np.abs(expected) < largest)


def _wide(mask: Array | None, expected: Array) -> Array:
    if mask is None or mask.ndim < 2 or expected.shape[: mask.ndim] != mask.shape:
        return np.ones(expected.shape, dtype=bool)
    return np.broadcast_to((mask == 1).reshape(mask.shape + (1,) * (expected.ndim - mask.ndim)), expected.shape)
