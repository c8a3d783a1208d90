"""Progress for a person at a terminal, and plain lines where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.text import Text

from onnx_export_action.report import units
from onnx_export_action.report.spans import one_line


class TerminalLog:
    """A `Log` that prints with rich; foreign text is never read as rich's markup."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock, self._depth = console, clock, 0

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A timed step: a spinner while it works, a mark and its seconds at the end."""
        start, shown = self._clock(), one_line(title)
        outermost_live = self._console.is_terminal and self._depth == 0
        if not outermost_live:
            self._print(f"{shown} …")
        self._depth += 1
        mark, style = "✗", "red"
        try:
            with self._console.status(Text(shown)) if outermost_live else nullcontext():
                yield
            mark, style = "✓", "green"
        finally:
            self._depth -= 1
            self._print(f"{mark} {shown} ({units.seconds(self._clock() - start)})", style)

    def line(self, text: str) -> None:
        """One line of progress of our own."""
        self._print(one_line(text))

    def output(self, text: str) -> None:
        """One line that a worker printed, dimmed."""
        self._print(one_line(text), "dim")

    def warning(self, text: str) -> None:
        """A warning."""
        self._print(f"Warning: {one_line(text)}", "yellow")

    def error(self, text: str) -> None:
        """The cause of a failure."""
        self._print(f"Error: {one_line(text)}", "bold red")

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text("  " * self._depth + text, style=style), soft_wrap=True)
