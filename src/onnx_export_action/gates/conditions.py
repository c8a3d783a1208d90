"""The grammar of `fail-on`: `size > +5%`, `latency-p50 > 20 ms`, `inputs changed`."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from onnx_export_action.gates.events import EVENTS
from onnx_export_action.gates.figures import BY_TYPE, FIGURES, Figure

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

_COMPARISON = re.compile(r"(?P<figure>[^\s<>=]+)\s*(?P<operator>[<>=!]+)\s*(?P<limit>.*)")
_LIMIT = re.compile(r"(?P<sign>[+-]?)(?P<number>(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?)\s*(?P<unit>[^\s\d]*)", re.IGNORECASE)

# The types of weights are many, and seldom what somebody looks for.
_LISTED = [name for name in FIGURES if not name.startswith(BY_TYPE)]


@dataclass(frozen=True)
class Limit:
    """A figure beyond a limit: in the figure's own unit, or in percent of change against the base."""

    figure: str
    operator: str
    limit: float
    relative: bool
    text: str = field(compare=False)

    def holds(self, value: float) -> bool:
        """Whether the value lies beyond the limit."""
        return OPERATORS[self.operator](value, self.limit)


@dataclass(frozen=True)
class Happened:
    """A structural change, by its name."""

    event: str
    text: str = field(compare=False)


Condition = Limit | Happened


class WrongCondition(ValueError):
    """A line that is no condition, with a sentence that says what would be one."""


def parse(line: str) -> Condition:
    """The condition of one line; raises WrongCondition."""
    text = " ".join(line.split())
    if text.lower() in EVENTS:
        return Happened(text.lower(), text)
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise WrongCondition(f"{_quoted(text)} is no condition{_known(text, [*EVENTS, *FIGURES])}")
    name = found["figure"].lower()
    if name not in FIGURES:
        raise WrongCondition(f"unknown figure {_quoted(found['figure'])}{_known(name, FIGURES)}")
    if found["operator"] not in OPERATORS:
        raise WrongCondition(f"{_quoted(text)}: the operators are {' '.join(OPERATORS)}")
    limit, relative = _limit(name, FIGURES[name], found["limit"], text)
    return Limit(name, found["operator"], limit, relative, text)


def _limit(name: str, figure: Figure, written: str, text: str) -> tuple[float, bool]:
    found = _LIMIT.fullmatch(written)
    if found is None:
        raise WrongCondition(f"{_quoted(text)}: {_expected(name, figure)}")
    number = float(found["number"])
    if found["sign"] and found["unit"] == "%" and figure.relative:
        limit, relative = -number if found["sign"] == "-" else number, True
    else:
        factor = figure.dimension.factor(found["unit"])
        if found["sign"] or factor is None:
            raise WrongCondition(f"{_quoted(text)}: {_expected(name, figure)}")
        limit, relative = number * factor, False
    if not math.isfinite(limit):
        raise WrongCondition(f"{_quoted(text)}: the limit is too large")
    return limit, relative


def _expected(name: str, figure: Figure) -> str:
    if figure.relative:
        change = ", or as a change against the base with its sign, e.g. `+5%`"
    else:
        change = "; there is no change against the base to decide by"
    return f"the limit of {name} is written e.g. `{figure.dimension.example}`{change}"


def _known(written: str, names: Iterable[str]) -> str:
    near = [name for name in difflib.get_close_matches(written.lower(), names, cutoff=0.5) if name != written]
    guess = f", did you mean {' or '.join(map(repr, near))}?" if near else ";"
    return f"{guess} figures: {', '.join(_LISTED)}; changes: {', '.join(EVENTS)}"


def _quoted(text: str) -> str:
    return repr(text[:80])
