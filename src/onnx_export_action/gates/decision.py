"""What each condition decides about a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from onnx_export_action.gates import conditions, figures
from onnx_export_action.gates.conditions import Condition, Happened, Limit
from onnx_export_action.gates.events import EVENTS
from onnx_export_action.records import Base, Comparison, Gate, NoBase, Outcome, Report

OnUndecided = Literal["pass", "fail"]

_SHOWN = 5
_NO_VARIANT = "This run has no such variant, or did not measure this of it."


def decide(
    lines: Sequence[str], report: Report, comparison: Comparison, on_undecided: OnUndecided = "pass"
) -> tuple[Gate, ...]:
    """One gate for each line of `fail-on`, in their order; the lines are those that the settings let through."""
    gates = (_gate(conditions.parse(line), report, comparison) for line in lines)
    if on_undecided == "pass":
        return tuple(gates)
    return tuple(
        gate.model_copy(update={"outcome": "failed"}) if gate.outcome == "undecided" else gate for gate in gates
    )


def _gate(condition: Condition, report: Report, comparison: Comparison) -> Gate:
    if isinstance(condition, Happened):
        return _event(condition, comparison)
    return _change(condition, report, comparison) if condition.relative else _value(condition, report, comparison)


def _event(condition: Happened, comparison: Comparison) -> Gate:
    if comparison.graph is None:
        return _undecided(condition, _without_base(comparison) or "The graphs could not be compared.")
    found = EVENTS[condition.event].found(comparison.graph)
    named = [name for name in found[:_SHOWN] if name]
    more = f" and {len(found) - len(named):,} more" if len(found) > len(named) else ""
    detail = f"{', '.join(named)}{more}" if found else "nothing"
    return Gate(condition=condition.text, outcome="failed" if found else "passed", detail=detail)


def _value(condition: Limit, report: Report, comparison: Comparison) -> Gate:
    figure = condition.figure
    value = figures.value_of(condition.name, figure, report, comparison)
    if value is None or math.isnan(value):
        reason = _without_base(comparison) if figure.against_base else _NO_VARIANT if figure.of_variant else ""
        return _undecided(condition, reason or "This run has no such figure.")
    return Gate(
        condition=condition.text,
        outcome="failed" if condition.holds(value) else "passed",
        value=value,
        unit=figure.dimension.unit,
        spread_pct=figure.spread(report) if figure.spread is not None else None,
    )


def _change(condition: Limit, report: Report, comparison: Comparison) -> Gate:
    move = figures.change_of(condition.name, condition.figure, report, comparison)
    if move is None:
        without = _NO_VARIANT if condition.figure.of_variant else _without_base(comparison)
        return _undecided(condition, without or "Base and head do not both have this figure.")
    outcome, certain = _of_interval(condition, move.low, move.high), move.low == move.high
    return Gate(
        condition=condition.text,
        outcome=outcome,
        value=move.percent,
        unit="change",
        low=None if certain else move.low,
        high=None if certain else move.high,
        reason="The limit lies inside the interval: more time may decide it." if outcome == "undecided" else "",
    )


def _of_interval(condition: Limit, low: float, high: float) -> Outcome:
    """Certain only where the whole interval lies on one side of the limit."""
    beyond = {condition.holds(low), condition.holds(high)}
    return "undecided" if len(beyond) == 2 else "failed" if beyond == {True} else "passed"


def _without_base(comparison: Comparison) -> str:
    match comparison.baseline:
        case NoBase():
            return f"No baseline: {comparison.baseline.reason}"
        case Base():
            return ""


def _undecided(condition: Condition, reason: str) -> Gate:
    return Gate(condition=condition.text, outcome="undecided", reason=reason)
