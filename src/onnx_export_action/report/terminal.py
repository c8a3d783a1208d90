"""The result for a person at a terminal."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text

from onnx_export_action.records import Report
from onnx_export_action.report import chart
from onnx_export_action.report.blocks import Block, Chart, Code, Problem, Section, Table
from onnx_export_action.report.spans import Line, code, line, plain
from onnx_export_action.report.view import View, view_of

_COLOURS = {"good": "green", "caution": "yellow", "bad": "red"}
_STYLES = {"plain": "", "strong": "bold", "code": "cyan"}
_SHORT = 16
# What a person wants beside the panel, and how much of it when nothing is wrong; the files hold the rest.
_SHOWN = {
    "warnings": 9,
    "gates": 1,
    "changes": 99,
    "variants": 9,
    "validation": 1,
    "samples": 1,
    "elsewhere": 1,
    "benchmark": 2,
}


def show(report: Report, console: Console, folder: str = "") -> None:
    """Print verdict, figures and problems in a panel, then the tables that a person looks at."""
    view = view_of(report)
    console.print(_panel(view, folder))
    for section in view.sections:
        if blocks := section.blocks if section.open else section.blocks[: _SHOWN.get(section.key, 0)]:
            console.print(_section(section, blocks))


def _panel(view: View, folder: str) -> Panel:
    figures = RichTable.grid(padding=(0, 2))
    for figure in view.figures:
        figures.add_row(Text(figure.name, style="dim"), text(figure.value))
    parts: list[RenderableType] = [text(view.subject)] if view.subject else []
    parts += [figures] if view.figures else []
    parts += [_problem(problem) for problem in view.problems]
    parts += [text(line("Everything is in ", code(folder)))] if folder else []
    title = Text.assemble(f"{view.mark} ", text(view.headline), style="bold")
    return Panel(_spaced(parts), title=title, title_align="left", border_style=_COLOURS[view.tone], padding=(0, 1))


def _problem(problem: Problem) -> RenderableType:
    lines = [text(problem.title, "bold")] if problem.title else []
    lines += [text(detail) for detail in problem.details]
    if problem.remedy:
        lines.append(Text.assemble("→ ", text(problem.remedy)))
    return Group(*lines)


def _section(section: Section, blocks: tuple[Block, ...]) -> RenderableType:
    title = Text.assemble((section.title, "bold"), " · ", text(section.summary, "dim"))
    # Borders on every line: in CI no foreign text may begin one, where the runner looks for commands.
    return Panel(
        _spaced([_block(block) for block in blocks]),
        title=title,
        title_align="left",
        border_style="dim",
        padding=(0, 1),
    )


def _spaced(parts: list[RenderableType]) -> Group:
    """The parts with an empty line between each two."""
    return Group(*[each for part in parts for each in (Text(), part)][1:])


def _block(block: Block) -> RenderableType:
    if isinstance(block, Table):
        return table_of(block)
    if isinstance(block, Chart):
        return text(line(f"{block.title} {chart.bars(block)}"))
    return text(line(block.text)) if isinstance(block, Code) else text(block.text, "dim")


def table_of(block: Table) -> RichTable:
    """A table without borders."""
    shown = RichTable(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, column in enumerate(block.columns):
        whole = all(_is_short_word(row[place]) for row in block.rows)
        shown.add_column(column.name, justify="right" if column.right else "left", overflow="fold", no_wrap=whole)
    for row in block.rows:
        shown.add_row(*(text(cell) for cell in row))
    return shown


def _is_short_word(cell: Line) -> bool:
    """A name that reads badly in two halves, though not a hash."""
    word = plain(cell)
    return len(word) <= _SHORT and " " not in word


def text(spans: Line, style: str = "") -> Text:
    """A line in colours; never read as rich's markup, nor by the runner as a command of the old form."""
    return Text.assemble(*((span.text.replace("##[", "## ["), _STYLES[span.style]) for span in spans), style=style)
