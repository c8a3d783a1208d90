"""The processes of a worker: itself, its children, their children, started by any of its threads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from onnx_export_action.workers.family import family, memory_of

# A thread starts a shell, which starts a sleeper; a line says that both run.
PROGRAM = """
import subprocess, sys, threading
def start():
    global shell
    shell = subprocess.Popen(["sh", "-c", "sleep 60 & echo up; wait"], stdout=subprocess.PIPE)
thread = threading.Thread(target=start)
thread.start()
thread.join()
print(shell.stdout.readline().decode().strip(), flush=True)
sys.stdin.read()
"""


# A process that holds 200 MB forks; the fork writes to none of it, and takes 50 MB for itself.
FORKING = """
import os, sys, time
held = bytearray(os.urandom(1 << 20) * 200)
if os.fork() == 0:
    own = bytearray(os.urandom(1 << 20) * 50)
    os.write(1, b"up\\n")
    time.sleep(60)
sys.stdin.read()
"""


@contextmanager
def running(program: str) -> Iterator[psutil.Process]:
    """A process that has said that it is up; it ends with the block, and all that it started."""
    worker = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    root = psutil.Process(worker.pid)
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "up\n"
        yield root
    finally:
        for process in [*root.children(recursive=True), root]:
            process.kill()
        worker.wait()


def test_memory_of__a_fork_counts_with_what_is_its_own() -> None:
    with running(FORKING) as root:
        members = family(root)
        assert len(members) == 2
        for together in memory_of(members):
            assert 220 << 20 < together < 320 << 20
        alone = sum(member.memory_info().rss for member in members)
        assert alone > 440 << 20


def test_family__reaches_grandchildren() -> None:
    with running(PROGRAM) as root:
        names = sorted(process.name() for process in family(root))
        shells = [name for name in names if not name.startswith("python")]
        assert shells in (["sh", "sleep"], ["sh", "sh"])  # the second is a shell until it has become the sleeper
        assert {process.pid for process in family(root)} == {
            root.pid,
            *(child.pid for child in root.children(recursive=True)),
        }


def test_family__of_a_process_without_children_is_itself() -> None:
    alone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert [process.pid for process in family(psutil.Process(alone.pid))] == [alone.pid]
    finally:
        alone.kill()
        alone.wait()


def test_family__of_one_that_ended_has_no_children() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    root = psutil.Process(ended.pid)
    ended.wait()
    assert family(root) == [root]
    assert os.getpid() not in {process.pid for process in family(root)}
