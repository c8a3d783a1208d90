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

# It ends with its parent, however that ends.
_BUSY = "import numpy, os; a, p = numpy.ones((300, 300)), os.getppid()\nwhile os.getppid() == p: a @ a"


@dataclass(frozen=True)
class Setting:
    """One kind of comparison."""

    way: str
    slower_pct: int
    seconds: float
    threads: int
    load: bool


# With the share of the time that each gets. 7.5 s are what a run takes by default against a base.
_KINDS = {
    ("paired", 0, 2.5): 0.42,
    ("paired", 0, 7.5): 0.12,
    ("separate", 0, 3): 0.035,
    ("paired", 5, 50): 0.31,
    ("paired", 5, 15): 0.03,
    ("paired", 3, 15): 0.03,
    ("paired", 10, 15): 0.025,
    ("separate", 5, 3): 0.015,
    ("separate", 3, 3): 0.0075,
    ("separate", 10, 3): 0.0075,
}


class _Quiet:
    def line(self, text: str) -> None:
        pass

    def group(self, _title: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    output = warning = error = line


def settings(cores: int) -> dict[Setting, float]:
    """Every setting with its share of the time."""
    return {
        Setting(*kind, threads, load): share
        for kind, share in _KINDS.items()
        for threads, load in ((cores, False), (1, True), (cores, True))
    }


def due(done: list[dict[str, Any]], shares: dict[Setting, float]) -> tuple[Setting, str]:
    """The setting that is farthest behind its share of the time, and the size of file whose turn it is."""
    spent, counts = dict.fromkeys(shares, 0.0), dict.fromkeys(shares, 0)
    for result in done:
        if (setting := Setting(**result["setting"])) in shares:
            spent[setting] += result["took"]
            counts[setting] += 1
    chosen = min(shares, key=lambda setting: spent[setting] / shares[setting])
    return chosen, list(files.SIZES)[counts[chosen] % len(files.SIZES)]


def trial(setting: Setting, size: str, folder: Path) -> dict[str, Any]:
    """The result as one line for the file of results."""
    pair, case = [files.chain(folder, size, slower) for slower in (0, setting.slower_pct)], files.case(folder, size)
    compare = _paired if setting.way == "paired" else _separate
    start = time.monotonic()
    with _load(setting.load):
        found = compare(setting, pair, case)
    took = round(time.monotonic() - start, 2)
    return {"setting": asdict(setting), "size": size, "took": took, "load_average": psutil.getloadavg()[0], **found}


def _paired(setting: Setting, pair: list[Path], case: dict[str, Any]) -> dict[str, Any]:
    with _worker(paired.SERVICE) as process:
        found = paired.compare(process, *pair, [case], setting.seconds, setting.threads, _Quiet())
    if isinstance(found, str):
        raise SystemExit(found)
    return found[0].model_dump()


def _separate(setting: Setting, pair: list[Path], case: dict[str, Any]) -> dict[str, Any]:
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
        time.sleep(0.3)  # until it has imported what it needs
        yield
    finally:
        process.kill()
        process.wait()
