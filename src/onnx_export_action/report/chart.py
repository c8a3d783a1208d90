"""A small trend in three renderings: Mermaid for GitHub, points of an SVG for the page, blocks for the terminal."""

from __future__ import annotations

import re

from onnx_export_action.report.blocks import Chart

WIDTH, HEIGHT = 640, 120
_MARGIN = 8
# Low, and in a blue that stands out from a white page and from a black one: Mermaid's own is too pale for both.
_LOOK = (
    "---",
    "config:",
    "  xyChart: {height: 320}",
    '  themeVariables: {xyChart: {plotColorPalette: "#2f81f7"}}',
    "---",
)
_BARS = "▁▂▃▄▅▆▇█"


def mermaid(chart: Chart) -> str:
    """The source of a Mermaid chart, which GitHub draws in the reader's own theme."""
    low, high = _range(chart.values)
    labels = ", ".join(f'"{_harmless(label)}"' for label in chart.labels)
    return "\n".join(
        (
            *_LOOK,
            "xychart-beta",
            f'    title "{_harmless(chart.title)}"',
            f"    x-axis [{labels}]",
            f'    y-axis "{_harmless(chart.unit)}" {low:.4g} --> {high:.4g}',
            f"    line [{', '.join(f'{value:.6g}' for value in chart.values)}]",
        )
    )


def points(chart: Chart) -> tuple[tuple[float, float], ...]:
    """Where the values lie in a drawing of `WIDTH` by `HEIGHT`, y downwards."""
    low, high = _range(chart.values)
    step = (WIDTH - 2 * _MARGIN) / max(1, len(chart.values) - 1)
    tall = HEIGHT - 2 * _MARGIN
    return tuple(
        (round(_MARGIN + index * step, 1), round(_MARGIN + tall * (high - value) / (high - low), 1))
        for index, value in enumerate(chart.values)
    )


def bars(chart: Chart) -> str:
    """One character a value."""
    low, high = _range(chart.values)
    return "".join(_BARS[min(7, int(8 * (value - low) / (high - low)))] for value in chart.values)


def _range(values: tuple[float, ...]) -> tuple[float, float]:
    """A tenth of room on both sides, so that noise does not fill the drawing."""
    low, high = min(values), max(values)
    room = max(0.1 * high, 0.25 * (high - low)) or 1.0
    return max(0.0, low - room), high + room


def _harmless(text: str) -> str:
    """Nothing that Mermaid, or Markdown around it, reads as syntax."""
    return re.sub(r"[^A-Za-z0-9 .,()/%-]", "", text)
