"""What every rendering shows: the report as headline, figures, problems and sections, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from onnx_export_action.records import Report
from onnx_export_action.report import headline, problems, sections
from onnx_export_action.report.blocks import Figure, Problem, Section
from onnx_export_action.report.spans import Line, line


@dataclass(frozen=True)
class View:
    """A report in the order in which it is read."""

    tone: Literal["good", "caution", "bad"]
    mark: str
    headline: Line
    subject: Line
    figures: tuple[Figure, ...]
    problems: tuple[Problem, ...]
    sections: tuple[Section, ...]
    footer: Line


def view_of(report: Report) -> View:
    """The view of one report."""
    tone = headline.tone(report)
    return View(
        tone=tone,
        mark=headline.MARKS[tone],
        headline=headline.sentence(report),
        subject=headline.subject(report),
        figures=headline.figures(report),
        problems=problems.found(report),
        sections=sections.of(report),
        footer=line(f"onnx-export-action {report.tool_version}"),
    )
