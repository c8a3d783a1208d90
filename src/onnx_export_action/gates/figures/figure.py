"""What a gate can name: how a figure is read of a run, and as a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from onnx_export_action.gates.dimensions import Dimension
from onnx_export_action.records import Comparison, Report

Reader = Callable[[Report, Comparison], float | None]


@dataclass(frozen=True)
class Move:
    """A change in percent, with the interval that it lies in."""

    percent: float
    low: float
    high: float


@dataclass(frozen=True)
class Figure:
    """How a figure is read of this run, and as a change where it was measured in turns with another file."""

    dimension: Dimension
    means: str
    read: Reader
    paired: Callable[[Report, Comparison], Move | None] | None = None
    spread: Callable[[Report], float | None] | None = None
    relative: bool = True  # whether a change is known that one could decide by
    against_base: bool = False  # whether there is such a figure only with a base
    of_variant: bool = False  # whether a change is one against the exported file, not against the base


def of_part(part: str, attribute: str) -> Reader:
    """What a part of the report says of itself; None where the run did not come to that part."""

    def read(report: Report, _: Comparison) -> float | None:
        found = getattr(report, part)
        value: float | None = getattr(found, attribute) if found is not None else None
        return value

    return read


def certain(before: float | None, after: float | None) -> Move | None:
    """The change between two counted numbers; None where one is missing, or nothing became something."""
    if before is None or after is None or (before == 0 and after != 0):
        return None
    percent = 100 * (after - before) / before if before else 0.0
    return Move(percent, percent, percent)


def from_ratios(middle: float, low: float, high: float) -> Move:
    """The change of a measured ratio, with its interval."""
    return Move(*(100 * (ratio - 1) for ratio in (middle, low, high)))


def greatest(values: Iterable[float | None]) -> float | None:
    """Of those that are known."""
    return max((value for value in values if value is not None), default=None)


def least(values: Iterable[float | None]) -> float | None:
    """Of those that are known."""
    return min((value for value in values if value is not None), default=None)
