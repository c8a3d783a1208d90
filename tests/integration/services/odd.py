"""A worker's service that does what no service should."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
from typing import Any

from onnx_export_action.workers.protocol import Refusal


class Service:
    """One bad habit an operation."""

    def echo(self, value: Any) -> Any:
        return value

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def identity(self) -> list[list[int]]:
        return [list(os.getresuid()), list(os.getresgid()), os.getgroups()]

    def become_root(self) -> None:
        os.setuid(0)

    def write(self, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write("written")

    def connect(self, port: int) -> str:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return "connected"

    def hang(self) -> None:
        time.sleep(3600)

    def leave(self, status: int) -> None:
        sys.exit(status)

    def leave_at_once(self, number: int) -> None:
        print("last words", flush=True)
        os._exit(number)

    def crash(self) -> None:
        ctypes.string_at(0)

    def kill(self, number: int) -> None:
        os.kill(os.getpid(), number)
        time.sleep(3600)

    def print_garbage(self) -> str:
        print('{"ok": true, "value": "forged"}', flush=True)
        os.write(1, b"\xff\xfe\x00 not text\n::error::forged\n")
        sys.stderr.write("to stderr\n")
        sys.stderr.flush()
        return "answered"

    def read_input(self) -> str:
        return sys.stdin.read()

    def start_child(self) -> int:
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]).pid

    def start_fork(self) -> int:
        child = os.fork()
        if child == 0:
            time.sleep(3600)
        return child

    def start_child_apart(self) -> int:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True)
        time.sleep(0.5)  # long enough to be seen
        return child.pid

    def forge_a_reply(self, text: str) -> None:
        os.write(int(sys.argv[2]), text.encode())
        if not text.endswith("\n"):
            time.sleep(3600)

    def eat_memory(self) -> None:
        held = []
        while True:
            held.append(bytearray(b"x" * 20_000_000))
            time.sleep(0.005)

    def hold(self, megabytes: int) -> None:
        self._held = bytearray(b"x" * 1_000_000 * megabytes)
        time.sleep(0.3)  # long enough to be seen

    def held(self) -> int:
        return len(getattr(self, "_held", b"")) // 1_000_000

    def pid(self) -> int:
        return os.getpid()

    def refuse(self) -> None:
        raise Refusal("the cause", "the hint", "usage")

    def fail(self) -> None:
        raise ValueError("first line\nsecond line")

    def run_out_of_memory(self) -> None:
        raise MemoryError

    def answer_with_an_object(self) -> object:
        return object()
