"""Charts in Markdown (Mermaid, which GitHub draws): what was measured as bars, the straight line through it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def chart(x_name: str, places: Sequence[int], y_name: str, values: Sequence[float], line: Sequence[float]) -> str:
    """Values at evenly spaced places; Mermaid spaces them evenly, whatever they are."""
    numbers = [", ".join(f"{each:.2f}" for each in row) for row in (values, line)]
    return "\n".join(
        (
            "```mermaid",
            "xychart-beta",
            f'    x-axis "{x_name}" [{", ".join(map(str, places))}]',
            f'    y-axis "{y_name}" 0 --> {1.1 * max(*values, *line):.2f}',
            f"    bar [{numbers[0]}]",
            f"    line [{numbers[1]}]",
            "```",
        )
    )


def straight(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float, list[float], float]:
    """The line through the values by least squares: start, rise, its own values, and R², the share it explains."""
    rise, start = statistics.linear_regression(sizes, values)
    return start, rise, [start + rise * size for size in sizes], statistics.correlation(sizes, values) ** 2
