"""One run of one program: its time, or, in a run of its own, what its process tree takes."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

_SAMPLE_SECONDS = 0.05
_SECTOR_BYTES = 512
_SIZE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
# That of this program, and the one beside it that holds optimum-cli.
INTERPRETER, OPTIMUM = Path(sys.prefix), Path(f"{sys.prefix}-optimum")
_CGROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))


@dataclass(frozen=True)
class Run:
    """Wall seconds and exit status; where it was watched, the tree's peaks and the bytes that the disk took.

    `peak_bytes` is the proportional set size (PSS), `held_bytes` what of it is no page of a file, which the kernel
    could drop.
    """

    seconds: float
    status: int
    peak_bytes: int = 0
    held_bytes: int = 0
    written_bytes: int = 0


Commands = Callable[[Path, str], dict[str, list[str]]]  # of both programs, for a folder and a task


def compile_all(*folders: Path) -> None:
    """Byte-compile what will be timed, as pip and the image leave it: a first run must not pay for the others."""
    command = [sys.executable, "-m", "compileall", "-qq", "-j", "0", *map(str, folders)]
    subprocess.run(command, check=False)  # some files are written for newer versions of Python


def settle(output: Path, model: Path) -> None:
    """Leave nothing of an earlier run: its output, what it has not written yet, the model's pages that it gave back."""
    shutil.rmtree(output, ignore_errors=True)
    os.sync()
    for file in model.iterdir():
        with file.open("rb", buffering=0) as stream:
            while stream.read(1 << 24):
                pass


def forget(model: Path) -> None:
    """Leave nothing of the model and of both programs' libraries in memory, but for what a process maps just now."""
    os.sync()
    for file in (each for folder in (model, INTERPRETER, OPTIMUM) for each in folder.rglob("*") if each.is_file()):
        with file.open("rb", buffering=0) as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def surroundings() -> dict[str, str]:
    """The environment of every program that is measured: no network, no accelerator."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}


def run(
    command: list[str],
    folder: Path,
    log: Path,
    watched: bool = False,
    limit_bytes: int = 0,
    most_seconds: float | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    """Run a command to its end, in a memory limit, with more variables; end it after `most_seconds` unless watched."""
    environment = {**surroundings(), **variables}
    before = _on_disk(folder) if watched else 0
    with log.open("wb") as output, _limited(limit_bytes) as prefix:
        start = time.perf_counter()
        process = subprocess.Popen(
            [*prefix, *command], stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder
        )
        peak, held = _watch(process) if watched else (0, 0)
        try:
            process.wait(most_seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
        seconds = time.perf_counter() - start
    written = _on_disk(folder) - before if watched else 0
    return Run(seconds, process.returncode, peak, held, written)


@contextlib.contextmanager
def _limited(limit_bytes: int) -> Iterator[list[str]]:
    """A shell that enters a cgroup of so much memory, and becomes the command; needs root, and no swap."""
    if not limit_bytes:
        yield []
        return
    group = next(root for root in _CGROUPS if root.is_dir()) / f"performance-{os.getpid()}"
    group.mkdir()
    first = "memory.limit_in_bytes" if (group / "memory.limit_in_bytes").exists() else "memory.max"
    (group / first).write_text(str(limit_bytes))
    try:
        yield ["/bin/sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        group.rmdir()


def _kill(process: subprocess.Popen[bytes]) -> None:
    tree = psutil.Process(process.pid)
    ended = [*tree.children(recursive=True), tree]
    for each in ended:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()
    psutil.wait_procs(ended)


def _on_disk(folder: Path) -> int:
    """The bytes that the folder's disk has taken so far, and all that waits for it, by proc(5), /proc/diskstats."""
    os.sync()
    device = os.stat(folder).st_dev
    for line in Path("/proc/diskstats").read_text(encoding="ascii").splitlines():
        fields = line.split()
        if (int(fields[0]), int(fields[1])) == (os.major(device), os.minor(device)):
            return int(fields[9]) * _SECTOR_BYTES
    raise SystemExit(f"{folder} lies on no disk whose writes the kernel counts")


def _watch(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    tree, peak, most_held = psutil.Process(process.pid), 0, 0
    while process.poll() is None:
        memory, held = _sample(tree)
        peak, most_held = max(peak, memory), max(most_held, held)
        time.sleep(_SAMPLE_SECONDS)
    return peak, most_held


def _sample(tree: psutil.Process) -> tuple[int, int]:
    memory = of_files = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [tree, *tree.children(recursive=True)]:
            with contextlib.suppress(OSError):  # it has ended
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
                sizes = dict(_SIZE.findall(rollup))
                memory += 1024 * int(sizes["Pss"])
                of_files += 1024 * int(sizes["Pss_File"])
    return memory, memory - of_files
