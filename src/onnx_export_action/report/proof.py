"""The proof in tables: every case, every axis, every check."""

from __future__ import annotations

from onnx_export_action.records import Axis, Case, Parity, Report, Validation
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
        rows = [(case.shape, *_differences(case), case_result(case)) for case in validation.cases]
        blocks.append(table("case|max abs diff:|max rel diff:|signal to noise:|result", [*rows]))
        blocks += _outputs(validation)
    if validation.departure is not None:
        steps = [(line(code(step.part)), units.digits(step.difference)) for step in validation.departure.steps]
        blocks.append(table("part of the model|off by, of its own size:", [*steps]))
    blocks += [Paragraph(prose(note)) for note in validation.notes]
    if validation.dynamic_axes:
        blocks.append(_axes(validation.dynamic_axes))
    if validation.checks:
        checks = [(line(code(check.name)), _mark(check.passed), prose(check.detail)) for check in validation.checks]
        blocks.append(table("check|result|detail+", [*checks]))
    if validation.provider:
        ran = line(code(validation.provider), " with the graph optimisations of ", code(validation.optimisation))
        blocks.append(Paragraph((*line("ONNX Runtime answered every case on its "), *ran, *line("."))))
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


def _differences(case: Case) -> tuple[str, str, str]:
    absolute, relative = (
        "none" if value is None else units.digits(value) for value in (case.max_abs_diff, case.max_rel_diff)
    )
    return absolute, relative, units.decibel(case.signal_to_noise_db)


def _outputs(validation: Validation) -> list[Block]:
    """The worst of each output beside its limits."""
    by_output: dict[str, list[Parity]] = {}
    for case in validation.cases:
        for parity in case.outputs:
            if parity.max_abs_diff is not None:
                by_output.setdefault(parity.output, []).append(parity)
    rows = [_output(name, found) for name, found in by_output.items()]
    return [table("output|max abs diff:|limit:|signal to noise:|least:", rows)] if rows else []


def _output(name: str, found: list[Parity]) -> tuple[str | Line, ...]:
    worst = max(found, key=lambda parity: parity.max_abs_diff or 0.0)
    ratios = [parity.signal_to_noise_db for parity in found if parity.signal_to_noise_db is not None]
    relative = f" + {units.digits(worst.rtol)} of the value" if worst.rtol else ""
    return (
        line(code(name)),
        units.digits(worst.max_abs_diff or 0.0),
        f"{units.digits(worst.atol)}{relative}",
        units.decibel(min(ratios, default=None)),
        units.decibel(worst.least_db),
    )


def case_result(case: Case) -> Line:
    """Whether every output agrees, and which do not."""
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


def _axis_result(axis: Axis) -> str | Line:
    if axis.proven:
        return "✓ dynamic"
    state = "not proven" if axis.declared else "fixed"
    if axis.reason:
        return line(f"{state}: {axis.reason}")
    return f"✗ {state}" if axis.wanted else f"{state}, not asked for"
