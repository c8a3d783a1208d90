"""What the stages may say while they work; the terminal and the runner each say it in their own way."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Log(Protocol):
    """The reader's view of a run in progress. Every text is foreign text: writers escape it."""

    def group(self, title: str, /) -> AbstractContextManager[None]:
        """A titled, timed section; ends with a mark for success or failure."""

    def line(self, text: str, /) -> None:
        """One line of progress of our own."""

    def output(self, text: str, /) -> None:
        """One line that a worker printed: foreign, dimmed, never a command."""

    def warning(self, text: str, /) -> None:
        """Something the reader should know that does not change the verdict."""

    def error(self, text: str, /) -> None:
        """The cause of a failure, with its remedy."""


class Silent:
    """A log that nobody reads."""

    def group(self, _title: str) -> AbstractContextManager[None]:
        """Nothing is said."""
        return nullcontext()

    def line(self, _text: str) -> None:
        """Nothing is said."""

    output = warning = error = line


class Remembering:
    """A log that also keeps each warning once, for the report."""

    def __init__(self, log: Log, warnings: list[str]) -> None:
        self._log, self._warnings = log, warnings
        self.group, self.line, self.output, self.error = log.group, log.line, log.output, log.error

    def warning(self, text: str) -> None:
        """Pass the warning on, unless it was said before."""
        if text not in self._warnings:
            self._warnings.append(text)
            self._log.warning(text)
