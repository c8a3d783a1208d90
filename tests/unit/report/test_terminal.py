from __future__ import annotations

import io
import re

from hypothesis import given, settings
from rich.console import Console

from onnx_export_action.records import Report
from onnx_export_action.report import terminal
from tests.factories import make_attempt, make_error_report, make_export, make_failed_report, make_report
from tests.unit.report.test_escape import hostile
from tests.unit.report.test_markdown import hostile_report


def _shown(report: Report, width: int = 100, folder: str = "") -> str:
    stream = io.StringIO()
    terminal.show(report, Console(file=stream, width=width, color_system=None), folder)
    return stream.getvalue()


def test_show__verdict_and_figures_come_first() -> None:
    first, *rest = _shown(make_report()).splitlines()
    assert "✅ Pass: the ONNX file gives the model's answers" in first
    assert any("latency p50  4.11 ms at batch 1, sequence 7" in line for line in rest[:6])


def test_show__passing_shows_cases_and_benchmark_but_no_attempts() -> None:
    text = _shown(make_report())
    assert "✓ agrees" in text
    assert "ONNX Runtime" in text
    assert "Export ·" not in text


def test_show__error_shows_the_attempts() -> None:
    assert "Could not guard" in _shown(make_error_report())


def test_show__failing_shows_axes_too() -> None:
    assert "✗ not proven" in _shown(make_failed_report())


def test_show__names_the_folder_when_it_is_given() -> None:
    assert "Everything is in onnx-export" in _shown(make_report(), folder="onnx-export")


def test_show__does_not_read_foreign_text_as_markup() -> None:
    report = make_report(export=make_export(exporter="[red]x[/red]", attempts=(make_attempt("[/bold]"),)))
    assert "[red]x[/red]" in _shown(report)


@settings(max_examples=40)
@given(hostile)
def test_show__every_line_is_framed_so_that_a_runner_finds_no_command(text: str) -> None:
    shown = _shown(hostile_report(text + "\n::error::x ##[error]y"), width=60)
    assert all(re.match(r"[╭│╰]", line) for line in shown.splitlines())
    assert "##[" not in shown
