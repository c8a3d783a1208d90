"""Work in a fork of the worker, which has the loaded model too, while the worker itself goes on.

A trace takes one core and the answers take the others. What goes wrong in the fork is nobody's concern: the worker
does the work again by itself then, and says why.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

import torch

POSSIBLE = sys.platform == "linux"  # a fork of a process that has threads is no sound one elsewhere


class Beside:
    """A fork at its work; while it is, the worker's own threads are one fewer."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._threads = torch.get_num_threads()
        self._status: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            _end_with(work)
        torch.set_num_threads(max(1, self._threads - 1))

    def look(self) -> None:
        """Take the core back where the fork has ended."""
        self._wait(os.WNOHANG)

    def done(self) -> bool:
        """Wait for its end; whether all went well."""
        self._wait(0)
        return self._status == 0

    def stop(self) -> None:
        """End it, whatever it has done."""
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            self._wait(0)

    def _wait(self, how: int) -> None:
        if self._status is not None:
            return
        pid, status = os.waitpid(self._pid, how)
        if pid:
            self._status = status
            torch.set_num_threads(self._threads)


def _end_with(work: Callable[[], object]) -> NoReturn:
    """In the fork."""
    status = 1
    try:
        gc.disable()  # which writes to every object that it looks at, so that its page is shared no longer
        torch.set_num_threads(1)  # the threads of the pool are not in a fork, and whoever waits for them waits for ever
        work()
        status = 0
    finally:
        os._exit(status)  # nothing else of the worker is this process's to end
