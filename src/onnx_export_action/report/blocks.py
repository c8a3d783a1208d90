"""The blocks that a report is built from."""

from __future__ import annotations

from dataclasses import dataclass

from onnx_export_action.report.spans import Line, line


@dataclass(frozen=True)
class Figure:
    """One of the figures that matter."""

    name: str
    value: Line


@dataclass(frozen=True)
class Problem:
    """Something wrong: what, where exactly, and what to do about it."""

    title: Line
    details: tuple[Line, ...]
    remedy: Line = ()


@dataclass(frozen=True)
class Column:
    """A table's column; figures stand right, sentences want room."""

    name: str
    right: bool = False
    roomy: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of equal length under their columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True)
class Code:
    """Text to copy, line by line as it is."""

    text: str
    language: str


@dataclass(frozen=True)
class Paragraph:
    """One paragraph."""

    text: Line


@dataclass(frozen=True)
class Chart:
    """A trend: one value for each label, two at least."""

    title: str
    unit: str
    labels: tuple[str, ...]
    values: tuple[float, ...]


Block = Table | Code | Paragraph | Chart


@dataclass(frozen=True)
class Section:
    """A titled part that folds away, unless it says what went wrong."""

    key: str
    title: str
    summary: Line
    blocks: tuple[Block, ...]
    open: bool = False


def table(columns: str, rows: list[tuple[str | Line, ...]]) -> Table:
    """A table from column names separated by `|`; `name:` stands right, `name+` holds sentences."""
    named = tuple(Column(name.rstrip(":+"), name.endswith(":"), name.endswith("+")) for name in columns.split("|"))
    return Table(named, tuple(tuple(line(cell) if isinstance(cell, str) else cell for cell in row) for row in rows))
