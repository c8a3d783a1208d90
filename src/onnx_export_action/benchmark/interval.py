"""How sure a median of sessions is: a bootstrap interval that is honest with few of them; pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_RESAMPLES = 1000
_CONFIDENCE = 0.95
_NORMAL = statistics.NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)


@dataclass(frozen=True)
class Interval:
    """A median of logarithms of ratios, and the ends of its 95 % confidence interval."""

    median: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the ends."""
        return (self.high - self.low) / 2

    @property
    def reach(self) -> float:
        """How far the farther end lies from no change at all."""
        return max(abs(self.low), abs(self.high))

    def widened(self, by: float) -> Interval:
        """The same, reaching at least `by` to either side of the median."""
        return Interval(self.median, min(self.low, self.median - by), max(self.high, self.median + by))


def interval(values: Sequence[float]) -> Interval:
    """The median and its percentile bootstrap interval, with the ends moved out as Student's t asks for few values.

    Each value must come from sessions of its own: calls of one session share its luck, and are one value together.
    """
    import numpy as np  # a tenth of a second, which only a measurement needs

    found, count = np.asarray(values), len(values)
    median = float(np.median(found))
    drawn = np.random.default_rng(0).integers(0, count, (_RESAMPLES, count))
    ends = np.quantile(np.median(found[drawn], axis=1), [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    low, high = median + (ends - median) * _stretch(count)
    return Interval(median, float(low), float(high))


def _stretch(count: int) -> float:
    """Student's quantile over the normal one, by the first terms of its expansion (exact to 4 % from three on)."""
    if count < 2:
        return 1.0
    z, freedom = _NORMAL, count - 1
    quantile = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return quantile / z * math.sqrt(count / freedom)
