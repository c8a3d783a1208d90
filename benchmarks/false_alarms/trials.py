"""One comparison of two files: paired as the program does it, or as two separate runs."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import files
import psutil

from onnx_export_action.benchmark import paired
from onnx_export_action.validation import proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker

SLOWER = (0, 3, 5, 10)
# It ends with its parent, however that ends.
_BUSY = "import numpy, os; a, p = numpy.ones((300, 300)), os.getppid()\nwhile os.getppid() == p: a @ a"


@dataclass(frozen=True)
class Setting:
    """One kind of comparison."""

    way: str
    threads: int
    load: bool
    size: str
    slower_pct: int

    @property
    def seconds(self) -> float:
        """The default of `benchmark-seconds`; a minute for the program where a change is to be found."""
        return 60 if self.way == "paired" and self.slower_pct else 10


class _Quiet:
    def line(self, text: str) -> None:
        pass

    def group(self, _title: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    output = warning = error = line


def settings(cores: int) -> dict[Setting, float]:
    """Every setting with its weight: files against themselves are compared more often, the program's way most."""
    weights = {("paired", 0): 6.0, ("separate", 0): 2.0, ("paired", 5): 1.0}
    return {
        Setting(way, threads, load, size, slower): weights.get((way, slower), 0.5)
        for way in ("paired", "separate")
        for threads, load in ((cores, False), (cores, True), (1, True))
        for size in files.SIZES
        for slower in SLOWER
    }


def trial(setting: Setting, folder: Path) -> dict[str, Any]:
    """The result as one line for the file of results."""
    pair = (files.chain(folder, setting.size, 0), files.chain(folder, setting.size, setting.slower_pct))
    case = files.case(folder, setting.size)
    compare = _paired if setting.way == "paired" else _separate
    with _load(setting.load):
        start = time.monotonic()
        found = compare(setting, pair, case)
    took = round(time.monotonic() - start, 2)
    return {"setting": asdict(setting), "took": took, "load_average": psutil.getloadavg()[0], **found}


def _paired(setting: Setting, pair: tuple[Path, Path], case: dict[str, Any]) -> dict[str, Any]:
    with _worker(paired.SERVICE) as process:
        found = paired.compare(process, *pair, [case], setting.seconds, setting.threads, _Quiet())
    if isinstance(found, str):
        raise SystemExit(found)
    return found[0].model_dump()


def _separate(setting: Setting, pair: tuple[Path, Path], case: dict[str, Any]) -> dict[str, Any]:
    medians = []
    for file in pair:
        with _worker(proof.SERVICE) as process:
            process.call("open", file=str(file), threads=setting.threads)
            process.call("time", case=case["file"], seconds=0.2)
            calls = process.call("time", case=case["file"], seconds=setting.seconds / 2)
            medians.append(statistics.median(calls))
    return {"ratio": medians[1] / medians[0], "base_p50_ms": medians[0], "head_p50_ms": medians[1]}


def _worker(service: str) -> Worker:
    return Worker(interpreters.main(), service, Host(600, 8 << 30, None, dict(os.environ)), _Quiet())


@contextlib.contextmanager
def _load(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", _BUSY], env=one_thread)
    try:
        time.sleep(0.5)  # until it has imported what it needs
        yield
    finally:
        process.kill()
        process.wait()
