"""The parent's side: start a worker without secrets, ask it, watch its time and memory, end it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psutil

from onnx_export_action.errors import ExportError, RunError, SurroundingsError, UsageError
from onnx_export_action.log import Log
from onnx_export_action.workers import surroundings
from onnx_export_action.workers.family import family, memory_of
from onnx_export_action.workers.protocol import FORGET, WAKE

_WATCH_SECONDS = 0.05


class WorkerFailure(Exception):
    """A request that was not answered: refused by the worker, or the worker is gone."""

    def __init__(self, cause: str, hint: str = "", kind: str = "unknown", traceback: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.kind = kind
        self.traceback = traceback

    def as_run_error(self) -> RunError:
        """The same failure as the end of the run."""
        kinds = {"usage": UsageError, "surroundings": SurroundingsError}
        return kinds.get(self.kind, ExportError)(self.cause, self.hint)


@dataclass(frozen=True)
class Host:
    """What every worker of a run shares: limits, the unprivileged user, the environment to pass on."""

    timeout_seconds: float
    memory_bytes: int
    user: int | None
    environment: dict[str, str]


@dataclass
class _Ahead:
    """A request that was made ahead, and what came of it."""

    asked: tuple[str, dict[str, Any]]
    settled: bool = False
    reply: Any = None
    failure: WorkerFailure | None = None

    def value(self) -> Any:
        if self.failure is not None:
            raise self.failure
        return self.reply


class Worker:
    """One child process and the conversation with it; use it as a context manager."""

    def __init__(self, interpreter: Path, service: str, host: Host, log: Log) -> None:
        self._host, self._log = host, log
        self._home = tempfile.TemporaryDirectory(prefix="onnx-export-", ignore_cleanup_errors=True)
        if host.user is not None:
            os.chown(self._home.name, host.user, host.user)
        self._last_lines: deque[str] = deque(maxlen=40)
        self._family: set[psutil.Process] = set()
        self._over_memory = False
        self.peak_rss_bytes = 0  # since it began with the model that it works on
        self.reusable = False
        self._ahead: _Ahead | None = None
        self.restart_clock()
        self._process, self._replies = self._start(interpreter, service)
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._pass_on_output, self._watch_memory)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if value is not None and not isinstance(value, Exception):
            self._kill()  # a cancelled job has no time to be polite
        self.close()

    def call(self, operation: str, **arguments: Any) -> Any:
        """The operation's value; raises WorkerFailure when it is refused, late, or the worker died."""
        if self._ahead is not None:
            self._settle(self._ahead)
            if self._ahead.asked == (operation, arguments):
                ahead, self._ahead = self._ahead, None
                return ahead.value()
        self._ask(operation, arguments)
        return self._answer(operation)

    def ahead(self, operation: str, **arguments: Any) -> None:
        """Ask for what a `call` with the same arguments will want, so that it is done while others are at work."""
        if self._ahead is not None:
            self._settle(self._ahead)
        self._ahead = _Ahead((operation, arguments))
        try:
            self._ask(operation, arguments)
        except WorkerFailure as failure:  # which `call` will raise
            self._ahead.failure, self._ahead.settled = failure, True

    def _settle(self, ahead: _Ahead) -> None:
        """Read its reply: one request at a time is under way."""
        if ahead.settled:
            return
        ahead.settled = True
        try:
            ahead.reply = self._answer(ahead.asked[0])
        except WorkerFailure as failure:
            ahead.failure = failure

    def wake(self) -> None:
        """Wait until it has imported its libraries; raises WorkerFailure where it cannot."""
        self.call(WAKE)

    def forget(self) -> None:
        """Let it drop all that it has of a model, while its next one is not there yet; `begin` waits for that."""
        self.reusable = False
        if self._ahead is not None:
            self._settle(self._ahead)
        with contextlib.suppress(WorkerFailure):  # which `begin` will say
            self._ask(FORGET, {})

    def begin(self, host: Host, log: Log) -> None:
        """Work on another model, within its limits; raises WorkerFailure where it is dead."""
        self.restart_clock()
        self._answer(FORGET)  # until then it may hold more than the next model is allowed
        self.take(host, log)
        self.wake()  # it may have died since it gave that answer

    def take(self, host: Host, log: Log) -> None:
        """Work on a model, within its limits."""
        self._host, self._log = host, log
        self.restart_clock()
        self._last_lines.clear()
        self._ahead = None
        self.peak_rss_bytes = 0

    def _ask(self, operation: str, arguments: dict[str, Any]) -> None:
        try:
            self._requests.write(json.dumps({"operation": operation, "arguments": arguments}) + "\n")
            self._requests.flush()
        except (OSError, ValueError):  # its end is closed, or ours
            raise self._death() from None

    def _answer(self, operation: str) -> Any:
        reply = self._read_reply(operation)
        try:
            return _value_of(reply)
        except (ValueError, KeyError, TypeError):
            self._kill()  # what else it says can belong to no request
            raise WorkerFailure("It answered with something that is no reply.", "", "route") from None

    def restart_clock(self) -> None:
        """Give the time limit anew: it is for all that an attempt asks together, not for each request."""
        self._deadline = time.monotonic() + self._host.timeout_seconds

    def let_go(self) -> None:
        """Let it end by itself; `close` waits for that."""
        self.reusable = False
        with contextlib.suppress(OSError):
            self._requests.close()

    def close(self, at_once: bool = False) -> None:
        """End the process, politely for two seconds or `at_once`, and remove its home."""
        self.let_go()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0 if at_once else 2)
        self._kill()
        for thread in self._threads:
            thread.join(timeout=2)
        self._replies.close()
        self._home.cleanup()

    @property
    def _requests(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _start(self, interpreter: Path, service: str) -> tuple[subprocess.Popen[str], IO[bytes]]:
        read_fd, write_fd = os.pipe()
        user = "-" if self._host.user is None else str(self._host.user)
        process = subprocess.Popen(
            [str(interpreter), "-m", "onnx_export_action.workers.server", service, str(write_fd), user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(write_fd,),
            env=surroundings.of(self._host.environment, self._home.name),
            cwd=self._home.name,
            start_new_session=True,  # so that a kill reaches the worker's own children too
            text=True,
            errors="replace",
        )
        os.close(write_fd)
        return process, os.fdopen(read_fd, "rb", buffering=0)

    def _read_reply(self, operation: str) -> bytes:
        received = b""
        while not received.endswith(b"\n"):
            if time.monotonic() > self._deadline:
                self._kill()
                raise self._late(operation)
            if select.select([self._replies], [], [], _WATCH_SECONDS)[0]:
                part = os.read(self._replies.fileno(), 1 << 16)
                if not part:
                    raise self._death()
                received += part
            elif self._process.poll() is not None:
                raise self._death()  # though a process that it left behind holds the pipe open
        return received

    def _late(self, operation: str) -> WorkerFailure:
        return WorkerFailure(
            f"The limit of {self._host.timeout_seconds:.0f} s was reached during `{operation}`, and it was ended.",
            "Raise `timeout`, or choose another `exporter`.",
            "route",
        )

    def _death(self) -> WorkerFailure:
        self._process.wait()
        self._kill()  # a process that it left behind would hold the output open
        self._threads[0].join(timeout=2)
        last = next((line for line in reversed(self._last_lines) if line.strip()), "")
        peak = f"{self.peak_rss_bytes / 1e9:.2f} GB"
        if self._over_memory:
            limit = f"{self._host.memory_bytes / 1e9:.2f} GB"
            return WorkerFailure(
                f"It needed more than the {limit} of memory that are free and was ended.", _MORE_MEMORY, "surroundings"
            )
        code = self._process.returncode
        if code == -signal.SIGKILL:
            return WorkerFailure(
                f"It was killed from outside, most likely for lack of memory (it held {peak}).",
                _MORE_MEMORY,
                "surroundings",
            )
        if code < 0:
            return WorkerFailure(
                f"It crashed with {signal.Signals(-code).name}.", "Choose another `exporter`.", "route", last
            )
        return WorkerFailure(
            f"It ended with status {code} before it answered. Its last line: {last or 'none'}", "", "route"
        )

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in list(self._family):  # those too that left the group
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.wait()

    def _pass_on_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._last_lines.append(line.rstrip())
            self._log.output(line.rstrip())

    def _watch_memory(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._process.pid)
            while self._process.poll() is None:
                members = family(root)
                self._family.update(members)
                resident, private = memory_of(members)
                self.peak_rss_bytes = max(self.peak_rss_bytes, resident)
                if private > self._host.memory_bytes:
                    self._over_memory = True
                    self._kill()
                time.sleep(_WATCH_SECONDS)


_MORE_MEMORY = "Use a runner with more memory, or `dtype: fp16`."


def _value_of(reply: bytes) -> Any:
    content = json.loads(reply)
    if content["ok"] is True:
        return content["value"]
    raise WorkerFailure(*(str(content[part]) for part in ("cause", "hint", "kind", "traceback")))
