"""Where the time of one run goes: when its log says what, and how long its processes compute."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from models import Model
from tables import table
from watch import surroundings

Line = dict[str, Any]
Commands = Callable[[Path, str], tuple[list[str], list[str]]]  # of both programs, for a folder and a task

_TEXT = (
    "One run each, by the program's own log. Until the model is loaded one core imports PyTorch and transformers. Then "
    "all cores are busy with products of matrices: the cases answered by PyTorch, some of them twice to measure its "
    "rounding, with the trace beside them on one core; the same cases answered by ONNX Runtime. `optimum-cli` answers "
    "one case of one size. No speed is bought with fewer cases."
)

# A line of the log, and what has happened when it comes.
_MILESTONES = {
    r"Read the model": "the program has started, and the exporter's process with it",
    r"  loaded ": "the model is loaded",
    r"  answered ": "{cases} cases are answered by PyTorch",
    r"  ✓ batch": "the file is written and opened; the first case is answered by ONNX Runtime",
    r"✓ Export with": "all cases are, and the proof is made",
    r"✓ Prove the finished": "the bundle is checked",
}


def measure(cache: Path, chosen: Sequence[Model], commands: Commands) -> Iterator[Line]:
    """One run of each program on each model."""
    for model in chosen:
        folder = model.make(cache)
        ours, theirs = commands(folder, model.task)
        found, cpu = _milestones(ours, cache)
        shutil.rmtree(cache / "theirs", ignore_errors=True)
        _, their_cpu = _milestones(theirs, cache)
        print(f"{model.name}: {found}, {cpu:.1f} s of CPU, theirs {their_cpu:.1f}", flush=True)
        yield {"model": model.name, "milestones": found, "cpu": cpu, "their_cpu": their_cpu, "cores": os.cpu_count()}


def shown(lines: list[Line]) -> str:
    """A table of each model, and the least that its work can take."""
    parts = ["## Where the time goes", _TEXT]
    for line in lines:
        rows = [(told, f"{seconds:.1f} s") for told, seconds in line["milestones"]]
        least = line["cpu"] / line["cores"]
        parts.append(table((line["model"], "after"), rows))
        parts.append(
            f"Its processes computed for {line['cpu']:.1f} s together, so {line['cores']} cores cannot end before "
            f"{least:.1f} s; those of `optimum-cli` computed for {line['their_cpu']:.1f} s."
        )
    return "\n\n".join(parts)


def _milestones(command: Sequence[str], folder: Path) -> tuple[list[tuple[str, float]], float]:
    """Each milestone with the seconds from the start, and the CPU seconds of the whole tree."""
    found: dict[str, float] = {}
    cases, before, start = 0, _cpu(), time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            cases += bool(re.match(r"  [✓✗] batch", line))
            for pattern, told in _MILESTONES.items():
                if re.match(pattern, line):
                    found.setdefault(told, time.perf_counter() - start)
    return [(told.format(cases=cases), seconds) for told, seconds in found.items()], _cpu() - before


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
