"""Several models in one table, above their reports or alone on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from onnx_export_action.records import Report
from onnx_export_action.report import headline, units
from onnx_export_action.report import markdown as single
from onnx_export_action.report.blocks import Table, table
from onnx_export_action.report.escape import inline
from onnx_export_action.report.spans import Line, code, line
from onnx_export_action.report.terminal import table_of, text

Named = Sequence[tuple[str, Report]]


def markdown(named: Named) -> str:
    """How many passed, a line for each model, then every report."""
    tones = [headline.tone(report) for _, report in named]
    worst = min(tones, key=("bad", "caution", "good").index)
    parts = [f"### {headline.MARKS[worst]} {inline(_sentence(tones))}", single.block_text(_table(named))]
    parts += [f"## {inline(line(code(name)))}\n\n{single.render(report)}" for name, report in named]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def show(named: Named, console: Console) -> None:
    """The same lines on a terminal."""
    console.print(text(_sentence([headline.tone(report) for _, report in named]), "bold"))
    console.print(table_of(_table(named)))


def _sentence(tones: Sequence[headline.Tone]) -> Line:
    bad = tones.count("bad")
    if bad:
        return line(f"{units.share(bad, len(tones), 'ONNX export')} did not pass")
    if doubtful := tones.count("caution"):
        return line(f"{units.share(doubtful, len(tones), 'ONNX file')} passed with a caveat")
    return line(f"All {len(tones)} ONNX files give their models' answers")


def _table(named: Named) -> Table:
    rows: list[tuple[str | Line, ...]] = [_row(name, report) for name, report in named]
    return table("verdict|model|size:|latency p50:|answers:|exporter|seconds:", rows)


def _row(name: str, report: Report) -> tuple[str | Line, ...]:
    sizes = [file.size_bytes for file in report.main_files]
    timing = headline.headline_timing(report.benchmark)
    difference = report.validation.max_abs_diff if report.validation is not None else None
    exporter = report.export.exporter if report.export is not None else None
    seconds = report.export.seconds if report.export is not None else None
    return (
        f"{headline.MARKS[headline.tone(report)]} {report.verdict}",
        line(code(name)),
        units.size(sum(sizes)) if sizes else "",
        units.milliseconds(timing.p50_ms) if timing is not None else "",
        units.digits(difference) if difference is not None else "",
        line(code(exporter)) if exporter else "",
        f"{seconds:.1f}" if seconds else "",
    )
