"""Figures from raw timings; pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence


def noise_floor_pct(series: Sequence[Sequence[Sequence[float]]]) -> float:
    """How far neighbouring blocks of one file differ, in percent: the 90th percentile over all pairs of blocks.

    `series` holds, for each shape, its blocks in the order of time, and each block its latencies. Both blocks of a
    pair measure the same thing, a moment apart: what differs is noise.
    """
    differences = [
        100 * abs(after - before) / before
        for blocks in series
        for before, after in itertools.pairwise(statistics.median(block) for block in blocks)
    ]
    if len(differences) < 2:
        return max(differences, default=0.0)
    return statistics.quantiles(differences, n=10, method="inclusive")[8]
