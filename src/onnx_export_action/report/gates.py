"""The gates: each condition of `fail-on` with what was found."""

from __future__ import annotations

from collections.abc import Callable

from onnx_export_action.records import Comparison, Gate, Report, Unit
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Problem, Section, table
from onnx_export_action.report.spans import Line, code, line, prose

_WORDS = {"passed": "✓ passed", "failed": "✗ failed", "undecided": "cannot be decided"}


def gates_section(comparison: Comparison) -> Section | None:
    """Each condition of `fail-on` with what was found."""
    gates = comparison.gates
    if not gates:
        return None
    explained = any(gate.reason for gate in gates)
    columns = "fails on|found|outcome|why+" if explained else "fails on|found|outcome"
    rows = [_row(gate, explained) for gate in gates]
    failed = sum(gate.outcome == "failed" for gate in gates)
    undecided = sum(gate.outcome == "undecided" for gate in gates)
    parts = [f"{units.share(failed, len(gates), 'gate')} failed" if failed else units.plural(len(gates), "gate")]
    parts += [f"{undecided} cannot be decided"] if undecided else []
    return Section("gates", "Gates", line(", ".join(parts)), (table(columns, rows),), open=bool(failed))


def failed_gates(report: Report) -> tuple[Gate, ...]:
    """Those that make the verdict `fail`."""
    gates = report.comparison.gates if report.comparison is not None else ()
    return tuple(gate for gate in gates if gate.outcome == "failed")


def problem(gate: Gate) -> Problem:
    """A failed gate: what was found, and what to do."""
    if gate.reason:
        title = line("The gate ", code(gate.condition), " could not be decided.")
        advice = "`on-undecided: pass` lets such a change in, and says that nobody knows."
        return Problem(title, (prose(gate.reason),), prose(advice))
    title = line("The gate ", code(gate.condition), " failed.")
    remedy = prose("Correct the change, or move the limit in `fail-on` where it is meant.")
    return Problem(title, (line("Found: ", *found(gate), "."),), remedy)


def found(gate: Gate) -> Line:
    """What was found, with its unit and how sure it is."""
    if gate.value is None:
        return prose(gate.detail) if gate.detail else line("unknown")
    if gate.low is not None and gate.high is not None:
        interval = f" ({units.signed_percent(gate.low)} to {units.signed_percent(gate.high)})"
        return line(units.signed_percent(gate.value), interval)
    spread = f", spread {units.percent(gate.spread_pct)}" if gate.spread_pct is not None else ""
    return line(_AMOUNTS[gate.unit](gate.value), spread)


_AMOUNTS: dict[Unit, Callable[[float], str]] = {
    "bytes": lambda value: units.size(round(value)),
    "ms": units.milliseconds,
    "s": units.seconds,
    "count": lambda value: units.amount(round(value)),
    "percent": units.percent,
    "items/s": lambda value: f"{units.digits(value)}/s",
    "times": lambda value: f"{units.digits(value)}{units.TIMES}",
    "dB": lambda value: f"{units.digits(value)} dB",
    "change": lambda value: units.signed_percent(value) if value else "±0",
    "": units.digits,
}


def _row(gate: Gate, explained: bool) -> tuple[str | Line, ...]:
    cells = (line(code(gate.condition)), found(gate), _WORDS[gate.outcome])
    return (*cells, prose(gate.reason)) if explained else cells
