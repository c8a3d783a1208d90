"""The whole program in a process of its own, as the image starts it: read line by line, and sent signals."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.integration import program
from tests.integration.azurite import ROOT
from tests.integration.program import Outcome

# Less than any server hangs, and than any limit of the program's own.
_SOON = 25


class Process:
    """A run that goes on while a test looks at it; its processes are known by their TMPDIR."""

    def __init__(self, workspace: Path, inputs: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._workspace, self._log = workspace, ""
        self._temporary = workspace / ".tmp"
        self._temporary.mkdir()
        given = program.variables(workspace, inputs, {"TMPDIR": str(self._temporary), **environment})
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "entrypoint.py")],
            cwd=workspace,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def until(self, text: str) -> None:
        """Read the log up to a line that holds the text."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._log += line
            if text in line:
                return
        raise AssertionError(f"the program ended before it said {text!r}:\n{self._log}")

    def until_a_worker_runs(self, library: str = "") -> None:
        """Wait for a child process, and for a library in its memory."""
        while not any(_holds(worker, library) for worker in self.family()[1:]):
            assert self._process.poll() is None, self._log

    def family(self) -> list[psutil.Process]:
        """The program and all that it has started, wherever they are now, the program first."""
        found = [process for process in psutil.process_iter() if _temporary_of(process) == str(self._temporary)]
        return sorted(found, key=lambda process: process.pid != self._process.pid)

    def send(self, number: signal.Signals) -> None:
        """A signal to the program alone."""
        self._process.send_signal(number)

    def end(self) -> Outcome:
        """What it left; it must end by itself, and soon."""
        assert self._process.stdout is not None
        said, _ = self._process.communicate(timeout=_SOON)
        return program.left_by(self._workspace, self._process.returncode, self._log + said)

    def stop(self) -> None:
        """End what a failed test leaves."""
        for process in self.family():
            process.kill()
        self._process.wait()


@contextmanager
def started(
    workspace: Path, inputs: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """The program until the end of the block."""
    process = Process(workspace, inputs, environment or {})
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def silent_server() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def address_of(server: socket.socket) -> str:
    """Where a silent server listens."""
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def _holds(process: psutil.Process, library: str) -> bool:
    try:
        return not library or any(library in mapped.path for mapped in process.memory_maps())
    except (psutil.Error, OSError):
        return False


def _temporary_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("TMPDIR", "") if process.status() != psutil.STATUS_ZOMBIE else ""
    except (psutil.Error, OSError):
        return ""
