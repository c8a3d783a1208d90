"""Figures from raw timings; pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence


def noise_floor_pct(blocks: Sequence[Sequence[float]]) -> float:
    """The median difference between the medians of neighbouring blocks of one file, in percent.

    Both are measurements of the same thing, minutes of load apart: what differs is noise.
    """
    medians = [statistics.median(block) for block in blocks]
    if len(medians) < 2:
        return 0.0
    differences = [abs(after - before) / before for before, after in itertools.pairwise(medians)]
    return 100 * statistics.median(differences)
