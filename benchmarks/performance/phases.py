"""Where the time of one run goes: when its log says what, and how long each of its processes computes."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from models import Model
from tables import table
from watch import Commands, settle, surroundings

Line = dict[str, Any]

_TEXT = (
    "One run each, by the program's own log. Until the model is loaded one core imports PyTorch and transformers. Then "
    "all cores are busy with products of matrices: the cases answered by PyTorch, some of them twice to measure its "
    "rounding, with the trace beside them on one core; the same cases, and of a decoder a text token by token, "
    "answered by ONNX Runtime. `optimum-cli` answers one case of one size. The kernel's time in the fork is that of "
    "new pages for the file."
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


_LOOK_SECONDS = 0.2  # each takes milliseconds of a core from the run
_PROGRAM, _EXPORTER, _FORK, _PROOF = (
    "the program: hashes of the model and of the file, the report",
    "the exporter: imports, PyTorch's answers",
    "its fork: the trace, the file",
    "the proof: imports, ONNX Runtime's answers, comparisons",
)
_SERVICES = {"onnx_export_action.exporters.entry": _EXPORTER, "onnx_export_action.validation.service": _PROOF}


def measure(cache: Path, chosen: Sequence[Model], commands: Commands) -> Iterator[Line]:
    """One run of each program on each model."""
    for model in chosen:
        folder = model.make(cache)
        sides = commands(folder, model.task)
        settle(cache / "ours", folder)
        found, by_process, cpu = _run(sides["ours"], cache)
        settle(cache / "theirs", folder)
        _, _, their_cpu = _run(sides["theirs"], cache)
        print(f"{model.name}: {found}, {by_process}, {cpu:.1f} s of CPU, theirs {their_cpu:.1f}", flush=True)
        counted = {"processes": by_process, "cpu": cpu, "their_cpu": their_cpu, "cores": os.cpu_count()}
        yield {"model": model.name, "milestones": found, **counted}


def shown(lines: list[Line]) -> str:
    """Two tables of each model, and the least that its work can take."""
    parts = ["## Where the time goes", _TEXT]
    for line in lines:
        rows = [(told, f"{seconds:.1f} s") for told, seconds in line["milestones"]]
        least = line["cpu"] / line["cores"]
        parts.append(table((line["model"], "after"), rows))
        used = [(role, f"{user:.1f} s", f"{system:.1f} s") for role, (user, system) in line["processes"].items()]
        parts.append(table((f"{line['model']}, processor time", "of its own", "of the kernel"), used))
        parts.append(
            f"Its processes computed for {line['cpu']:.1f} s together, so {line['cores']} cores cannot end before "
            f"{least:.1f} s; those of `optimum-cli` computed for {line['their_cpu']:.1f} s."
        )
    return "\n\n".join(parts)


def _run(command: Sequence[str], folder: Path) -> tuple[list[tuple[str, float]], dict[str, list[float]], float]:
    """Each milestone with the seconds from the start; CPU seconds of each process, and of the whole tree."""
    found: dict[str, float] = {}
    cases, before, start = 0, _cpu(), time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        processes = _Processes(process)
        processes.start()
        for line in process.stdout:
            cases += bool(re.match(r"  [✓✗] batch", line))
            for pattern, told in _MILESTONES.items():
                if re.match(pattern, line):
                    found.setdefault(told, time.perf_counter() - start)
    processes.join()
    told = [(told.format(cases=cases), seconds) for told, seconds in found.items()]
    return told, processes.by_role, _cpu() - before


class _Processes(threading.Thread):
    """Looks at the tree of a run until it ends, as what a process has computed is gone with it."""

    def __init__(self, root: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._seen: dict[int, tuple[str, float, float]] = {}

    @property
    def by_role(self) -> dict[str, list[float]]:
        """User and system seconds by what a process does, in the order in which they began."""
        sums: dict[str, list[float]] = {}
        for role, user, system in self._seen.values():
            before = sums.get(role, [0.0, 0.0])
            sums[role] = [before[0] + user, before[1] + system]
        return sums

    def run(self) -> None:
        tree = psutil.Process(self._root.pid)
        while self._root.poll() is None:
            with contextlib.suppress(psutil.Error):
                for process in [tree, *tree.children(recursive=True)]:
                    self._look(process)
            time.sleep(_LOOK_SECONDS)

    def _look(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.Error):  # it has ended
            times, command, parent = process.cpu_times(), process.cmdline(), process.ppid()
            role = next((told for service, told in _SERVICES.items() if service in command), _PROGRAM)
            of_parent = self._seen.get(parent, ("", 0.0, 0.0))[0]
            is_fork = role == _EXPORTER and of_parent == _EXPORTER
            self._seen[process.pid] = (_FORK if is_fork else role, times.user, times.system)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
