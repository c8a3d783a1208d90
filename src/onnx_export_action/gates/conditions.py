"""The grammar of `fail-on`: `size > +5%`, `latency-p50 > 20 ms`, `inputs changed`."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from onnx_export_action.gates.events import EVENTS
from onnx_export_action.gates.figures import FIGURES, LISTED, named
from onnx_export_action.gates.figures.figure import Figure

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

_COMPARISON = re.compile(r"(?P<figure>[^\s<>=]+)\s*(?P<operator>[<>=!]+)\s*(?P<limit>.*)")
_LIMIT = re.compile(r"(?P<sign>[+-]?)(?P<number>(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?)\s*(?P<unit>[^\s\d]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """A figure beyond a limit: in the figure's own unit, or in percent of change."""

    name: str
    figure: Figure = field(compare=False, repr=False)
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
        raise WrongCondition(f"{_quoted(text)} is no condition{_known(text, EVENTS)}")
    name = found["figure"].lower()
    figure = named(name)
    if figure is None:
        raise WrongCondition(f"unknown figure {_quoted(found['figure'])}{_known(name)}")
    if found["operator"] not in OPERATORS:
        raise WrongCondition(f"{_quoted(text)}: the operators are {' '.join(OPERATORS)}")
    limit, relative = _limit(name, figure, found["limit"], text)
    return Limit(name, figure, found["operator"], limit, relative, text)


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
    other = "the exported file" if figure.of_variant else "the base"
    if figure.relative:
        change = f", or as a change against {other} with its sign, e.g. `+5%`"
    else:
        change = f"; there is no change against {other} to decide by"
    return f"the limit of {name} is written e.g. `{figure.dimension.example}`{change}"


def _known(written: str, also: Iterable[str] = ()) -> str:
    # What is listed first: a variant's size is no likelier than the size.
    listed, others = (*also, *LISTED), [name for name in FIGURES if name not in LISTED]
    near = next(filter(None, (_near(written, names) for names in (listed, others))), [])
    guess = f", did you mean {' or '.join(map(repr, near))}?" if near else ";"
    return f"{guess} figures: {', '.join(LISTED)}; changes: {', '.join(EVENTS)}"


def _near(written: str, names: Iterable[str]) -> list[str]:
    found = difflib.get_close_matches(written.lower(), list(names), cutoff=0.5)
    return [name for name in found if name != written]


def _quoted(text: str) -> str:
    return repr(text[:80])
