"""The gates: each condition of `fail-on` with what was found."""

from __future__ import annotations

from onnx_export_action.records import Comparison
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Section, table
from onnx_export_action.report.spans import Line, code, line, prose


def gates_section(comparison: Comparison) -> Section | None:
    """Each condition of `fail-on` with what was found."""
    if not comparison.gates:
        return None
    words = {"passed": "✓ passed", "failed": "✗ failed", "undecided": "cannot be decided"}
    rows: list[tuple[str | Line, ...]] = [
        (line(code(gate.condition)), gate.value or "unknown", line(words[gate.outcome]), prose(gate.reason))
        for gate in comparison.gates
    ]
    failed = sum(gate.outcome == "failed" for gate in comparison.gates)
    summary = line(f"{units.share(failed, len(rows), 'gate')} failed" if failed else units.plural(len(rows), "gate"))
    return Section("gates", "Gates", summary, (table("fails on|found|outcome|why+", rows),), open=bool(failed))
