"""Markdown for the job summary and the bundle."""

from __future__ import annotations

from onnx_export_action.records import Report
from onnx_export_action.report import chart
from onnx_export_action.report.blocks import Block, Chart, Code, Paragraph, Problem, Section, Table
from onnx_export_action.report.escape import code_block, inline, summary, text
from onnx_export_action.report.spans import line
from onnx_export_action.report.view import View, view_of


def render(report: Report) -> str:
    """The whole report; the first line says whether the file is good."""
    view = view_of(report)
    parts = [f"### {view.mark} {inline(view.headline)}"]
    parts += [inline(view.subject)] if view.subject else []
    parts += [figures_table(view)] if view.figures else []
    parts += [problem_text(problem) for problem in view.problems]
    parts += [fold(section) for section in view.sections]
    parts.append(f"<sub>{inline(view.footer)}</sub>")
    return "\n\n".join(parts) + "\n"


def figures_table(view: View) -> str:
    """The figures as a table without a header."""
    return _rows(("", ""), (":--", ":--"), tuple((figure.name, inline(figure.value)) for figure in view.figures))


def problem_text(problem: Problem) -> str:
    """What is wrong and what to do, as paragraphs."""
    lines = [f"**{inline(problem.title, bold=True)}**"] if problem.title else []
    lines += [inline(detail) for detail in problem.details]
    if problem.remedy:
        lines.append(f"→ {inline(problem.remedy)}")
    return "\n\n".join(lines)


def fold(section: Section) -> str:
    """A section that opens on a click."""
    # Markdown inside <summary> is not read, so this line is HTML.
    title = f"<b>{summary(line(section.title))}</b> · {summary(section.summary)}"
    opening = f"<details{' open' if section.open else ''}><summary>{title}</summary>"
    return "\n\n".join((opening, *map(block_text, section.blocks), "</details>"))


def block_text(block: Block) -> str:
    """One block of a section."""
    match block:
        case Table():
            names = tuple(text(column.name) for column in block.columns)
            rules = tuple("--:" if column.right else ":--" for column in block.columns)
            return _rows(names, rules, tuple(tuple(inline(cell) for cell in row) for row in block.rows))
        case Chart():
            return code_block(chart.mermaid(block), "mermaid")
        case Code():
            return code_block(block.text, block.language)
        case Paragraph():
            return inline(block.text)


def _rows(names: tuple[str, ...], rules: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (names, rules, *rows))
