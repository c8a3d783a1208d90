"""What the runner reads: workflow commands in the log; outputs and the job summary in files."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from onnx_export_action.github.outputs import outputs_of as outputs_of
from onnx_export_action.github.outputs import write_outputs as write_outputs
from onnx_export_action.github.summary import write_summary as write_summary
from onnx_export_action.report import units

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# Masking a short value would blank it wherever the log happens to hold it.
_SHORTEST_SECRET = 8
_TITLE = "onnx-export-action"


class RunnerLog:
    """A `Log` of workflow commands; no foreign text is ever read as one."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._depth = stream, clock, 0
        self._lock = threading.Lock()

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A folded, timed section; the runner knows no groups inside groups, so inner ones are plain lines."""
        start, mark = self._clock(), "✗"
        self._depth += 1
        if self._depth == 1:
            self._command("group", title)
        else:
            self.line(title)
        try:
            yield
            mark = "✓"
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._command("endgroup", "")
            self.line(f"{mark} {title} ({units.seconds(self._clock() - start)})")

    def line(self, text: str) -> None:
        """One line of progress of our own."""
        for each in harmless_lines(text):
            self._write(each)

    def output(self, text: str) -> None:
        """What a worker printed, told apart by its indent."""
        for each in harmless_lines(text):
            self._write(f"  {each}")

    def warning(self, text: str) -> None:
        """A warning annotation."""
        self._command("warning", text, {"title": _TITLE})

    def error(self, text: str) -> None:
        """An error annotation."""
        self._command("error", text, {"title": _TITLE})

    def add_mask(self, value: str) -> None:
        """Have the runner hide a secret in everything that is printed from here on."""
        if len(value) >= _SHORTEST_SECRET:
            self._write(f"::add-mask::{_data(value)}")

    def _command(self, name: str, text: str, properties: Mapping[str, str] | None = None) -> None:
        given = ",".join(f"{key}={_property(value)}" for key, value in (properties or {}).items())
        self._write(f"::{name}{' ' if given else ''}{given}::{_data(_printable(text))}")

    def _write(self, text: str) -> None:
        with self._lock:
            self._stream.write(f"{text}\n")
            self._stream.flush()


def harmless_lines(text: str) -> list[str]:
    """Foreign text in lines that the runner does not obey.

    The runner takes `::name::` for a command after any leading white space, and the legacy
    `##[name]` anywhere in a line; both reach it through stdout and stderr, and a lone
    carriage return begins a line for it. A sign in front breaks the one, a space the other.
    """
    lines = (_printable(line) for line in re.split(r"\r\n|\r|\n", text))
    return [f"| {line}" if line.lstrip().startswith("::") else line for line in lines]


def _printable(text: str) -> str:
    """Without ANSI sequences, control characters and legacy commands; line breaks and tabs stay."""
    bare = _ANSI.sub("", text)
    kept = (char if char.isprintable() or char in "\t\n\r" else " " if char.isspace() else "" for char in bare)
    return "".join(kept).replace("##[", "## [")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
