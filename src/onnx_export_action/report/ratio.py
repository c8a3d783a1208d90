"""The words for one ratio of latencies: certain only where its whole interval is."""

from __future__ import annotations

from typing import Literal, Protocol

from onnx_export_action.report import units
from onnx_export_action.report.spans import Line, line, strong


class Ratio(Protocol):
    """Head over base with its interval."""

    @property
    def verdict(self) -> Literal["slower", "faster", "no change", "cannot tell"]:
        """What the interval says."""

    @property
    def ratio(self) -> float:
        """Head over base."""

    @property
    def low(self) -> float:
        """Lower end of the interval."""

    @property
    def high(self) -> float:
        """Upper end of the interval."""


def ratio_words(paired: Ratio) -> Line:
    """The sentence about one ratio; certain only where the whole interval is on one side."""
    match paired.verdict:
        case "slower":
            return line(strong(f"{units.digits(paired.ratio)}{units.TIMES} slower"), _interval(paired.low, paired.high))
        case "faster":
            faster = strong(f"{units.digits(1 / paired.ratio)}{units.TIMES} faster")
            return line(faster, _interval(1 / paired.high, 1 / paired.low))
        case "no change":
            return line(f"no change beyond {units.percent(_beyond(paired))}")
        case "cannot tell":
            return line(f"cannot tell (± {units.percent(_beyond(paired))})")


def _interval(low: float, high: float) -> str:
    return f" ({units.digits(low)} to {units.digits(high)})"


def _beyond(paired: Ratio) -> float:
    return 100 * max(abs(paired.high - 1), abs(1 - paired.low))
