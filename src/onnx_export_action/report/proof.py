"""The proof in tables: every case, every axis, every check."""

from __future__ import annotations

from onnx_export_action.records import Axis, Case, Report, Validation
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Block, Paragraph, Section, table
from onnx_export_action.report.spans import Line, code, joined, line, prose


def validation_section(report: Report) -> Section:
    """Cases, axes and checks; open when one of them is wrong."""
    validation = report.validation
    if validation is None:
        raise ValueError("a report without validation has no proof to show")
    blocks: list[Block] = []
    if validation.cases:
        rows = [(case.shape, _difference(case), _case_result(case)) for case in validation.cases]
        blocks.append(table("case|max abs diff:|result", [*rows]))
    if validation.dynamic_axes:
        blocks.append(_axes(validation.dynamic_axes))
    if validation.checks:
        checks = [(line(code(check.name)), _mark(check.passed), prose(check.detail)) for check in validation.checks]
        blocks.append(table("check|result|detail+", [*checks]))
    if report.export is not None and report.export.reference:
        blocks.append(Paragraph(line("The reference answers come from ", report.export.reference, ".")))
    return Section("validation", "Validation", _summary(validation), tuple(blocks), open=not validation.passed)


def _summary(validation: Validation) -> Line:
    groups = (
        ("case", "cases", validation.cases),
        ("axis", "axes", validation.dynamic_axes),
        ("check", "checks", validation.checks),
    )
    counted = ((sum(part.passed for part in parts), len(parts), one, many) for one, many, parts in groups)
    return joined([line(units.share(*each)) for each in counted if each[1]], ", ")


def _mark(passed: bool) -> str:
    return "✓ passed" if passed else "✗ failed"


def _difference(case: Case) -> str:
    return "none" if case.max_abs_diff is None else units.digits(case.max_abs_diff)


def _case_result(case: Case) -> Line:
    if case.passed:
        return line("✓ agrees")
    if case.error:
        return line("✗ no answer: ", case.error)
    wrong = [line(code(parity.output)) for parity in case.outputs if parity.passed is not True]
    return line("✗ wrong: ", *joined(wrong, ", ")) if wrong else line("✗ no output")


def _axes(axes: tuple[Axis, ...]) -> Block:
    rows: list[tuple[str | Line, ...]] = [
        (
            line(code(axis.input)),
            str(axis.axis),
            line(code(axis.name)),
            ", ".join(str(size) for size in axis.sizes) or "none",
            _axis_result(axis),
        )
        for axis in axes
    ]
    return table("input|axis:|name|right at sizes|result", rows)


def _axis_result(axis: Axis) -> str:
    if axis.proven:
        return "✓ dynamic"
    state = "not proven" if axis.declared else "fixed"
    return f"✗ {state}" if axis.wanted else f"{state}, not asked for"
