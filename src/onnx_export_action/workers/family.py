"""A process with all that it started, found without a look at every process of the machine."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil


def family(root: psutil.Process) -> list[psutil.Process]:
    """The process and its descendants; of those that have just ended, none."""
    found = [root]
    for process in found:  # which grows on the way
        found += _children(process)
    return found


def memory_of(members: list[psutil.Process]) -> tuple[int, int]:
    """Resident and private bytes of a process tree; private leaves out mapped files, which the kernel can drop.

    A fork that became no other program shares what its parent has: only what it holds beyond that counts.
    """
    resident = private = 0
    seen: dict[int, tuple[list[str], int, int]] = {}
    for process in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            memory, program = process.memory_info(), process.cmdline()
            parent, parents_resident, parents_private = seen.get(process.ppid(), ([], 0, 0))
            own = memory.rss, memory.rss - memory.shared
            seen[process.pid] = (program, *own)
            shared = (parents_resident, parents_private) if parent == program else (0, 0)
            resident += max(0, own[0] - shared[0])
            private += max(0, own[1] - shared[1])
    return resident, private


def _children(process: psutil.Process) -> list[psutil.Process]:
    """By the kernel's own list where it keeps one (proc(5), /proc/PID/task/TID/children): a scan costs milliseconds."""
    threads = Path(f"/proc/{process.pid}/task")
    children: list[psutil.Process] = []
    try:
        listed = [(thread / "children").read_text() for thread in threads.iterdir()]
    except OSError:
        with contextlib.suppress(psutil.Error):
            children = process.children()
        return children
    for pid in " ".join(listed).split():
        with contextlib.suppress(psutil.Error):
            children.append(psutil.Process(int(pid)))
    return children
