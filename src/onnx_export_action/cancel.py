"""A cancelled job: the first signal stops the work wherever it is, a second one ends the process at once.

A runner sends SIGINT, SIGTERM after 7.5 seconds, and kills after 2.5 more; Docker sends SIGTERM, and kills
after 10. Process 1 of a container gets only the signals that it asks for.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psutil

from onnx_export_action.errors import SurroundingsError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Cancellation:
    """Whether the run was cancelled, and what a signal does at this moment."""

    def __init__(self) -> None:
        self.asked = False
        self._at_work = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Signals are heard within this block; outside the main thread Python allows nobody to hear them."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._hear) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def stops(self) -> Iterator[None]:
        """Work that a signal stops with KeyboardInterrupt; what lies outside such a block is short, and is finished."""
        self._at_work = True
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        except KeyboardInterrupt:
            self.asked = True
            raise
        finally:
            self._at_work = False

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            end_children()
            os._exit(SurroundingsError.exit_status)
        self.asked = True
        if self._at_work:
            raise KeyboardInterrupt


def at_once() -> None:
    """Until a run hears signals, one ends the process: else process 1 ignores SIGTERM, and SIGINT shows a traceback."""
    for number in _SIGNALS:
        signal.signal(number, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os.write(1, f"{cancelled()}\n".encode())
    os._exit(SurroundingsError.exit_status)


def cancelled() -> SurroundingsError:
    """The end of a run that somebody cancelled."""
    return SurroundingsError("The run was cancelled.", "Start it again; nothing is left to clean up.")


def end_children() -> None:
    """Kill every process that this one started, and theirs."""
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
