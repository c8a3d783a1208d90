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

from onnx_export_action.validation import blocks

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
        sums = self._sums.setdefault(name, _Sums())
        for block, kept in blocks.across(expected, blocks.own_mask(mask, expected)):
            _add(sums, block, kept & answers(block))

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


def _add(sums: _Sums, block: Array, read: Array) -> None:
    """Columns of rows; only what is read of them counts."""
    values = np.where(read, block, 0).astype(np.float64)
    number, total = read.sum(axis=0), values.sum(axis=0)
    sums.count += float(number.sum())
    sums.total += float(total.sum())
    sums.squares += float(np.square(values).sum())
    if len(values) > 1:
        sums.rows += float((np.square(values - total / np.maximum(number, 1)) * read).sum())
        sums.freedom += float(np.maximum(number - 1, 0).sum())
