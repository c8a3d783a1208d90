"""Markdown tables of what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

Cells = Sequence[str]


def spread(values: Sequence[float], unit: str) -> str:
    """The median, with the least and the greatest value."""
    if not values:
        return "not measured"
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The median of the ratios of what was measured in pairs."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True) if other]
    if not ratios:
        return "not counted"
    return f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"


def table(columns: Cells, rows: Iterable[Cells]) -> str:
    """A table of Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
