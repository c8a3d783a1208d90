"""From the rounds of a paired run to one figure a shape: slower, faster, no change, or cannot tell; pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from onnx_export_action.benchmark.interval import Interval, interval
from onnx_export_action.records import Paired

Round = Mapping[str, Sequence[float]]
"""Latencies of `base`, `head` and `twin` at one shape, from sessions that were created for this round alone."""

LEAST_CHANGE = 0.01
"""A smaller change is never called one: the method may be off by it, and nobody would act on it."""
UNDECIDED_BEYOND = 0.05
"""An interval that reaches farther than this from no change, and includes it, tells nothing."""

_RELIABLY = 2.0
"""Half-widths beyond the least change where a slowdown is found 9 times of 10: one for the interval, one for luck."""


@dataclass(frozen=True)
class Judgement:
    """Logarithms of the ratios head over base, and base over itself."""

    head: Interval
    itself: Interval

    @property
    def detectable(self) -> float:
        """The logarithm of the smallest slowdown that such a run can be relied on to call one."""
        return math.log1p(LEAST_CHANGE) + _RELIABLY * self.head.half_width


def judge(rounds: Sequence[Round]) -> Judgement:
    """Each round gives one ratio; the candidate's interval is never narrower than the noise floor of these rounds."""
    logs = [{name: _location(calls) for name, calls in each.items()} for each in rounds]
    itself = interval([log["twin"] - log["base"] for log in logs])
    head = interval([log["head"] - (log["base"] + log["twin"]) / 2 for log in logs])
    return Judgement(head.widened(itself.reach), itself)


def paired(shape: str, rounds: Sequence[Round], blocks: int) -> Paired:
    """The figures of one shape as the report keeps them."""
    judged = judge(rounds)
    low, high = math.exp(judged.head.low), math.exp(judged.head.high)
    return Paired(
        shape=shape,
        ratio=math.exp(judged.head.median),
        low=low,
        high=high,
        base_p50_ms=statistics.median(call for each in rounds for name in ("base", "twin") for call in each[name]),
        head_p50_ms=statistics.median(call for each in rounds for call in each["head"]),
        blocks=blocks,
        sessions=len(rounds),
        noise_floor_pct=100 * math.expm1(judged.itself.reach),
        detectable_pct=100 * math.expm1(judged.detectable),
        verdict=verdict(low, high),
    )


def verdict(low: float, high: float) -> Literal["slower", "faster", "no change", "cannot tell"]:
    """By the whole interval of the ratio, never by the point."""
    if low > 1 + LEAST_CHANGE:
        return "slower"
    if high < 1 / (1 + LEAST_CHANGE):
        return "faster"
    return "no change" if max(high - 1, 1 - low) <= UNDECIDED_BEYOND else "cannot tell"


def _location(calls: Sequence[float]) -> float:
    # The fastest tenth: what the file takes while nothing else takes the processor away. Under a competing load the
    # median of a session's few calls says how often it was interrupted, which is luck.
    return math.log(statistics.quantiles(calls, n=10, method="inclusive")[0])
