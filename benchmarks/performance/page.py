"""docs/performance.md, from the lines that were measured."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import container
import growth
import least
import phases
import resident
import unchanged
import upload
from tables import Cells, ratio, spread, table

from onnx_export_action import environment

Line = dict[str, Any]


def page(lines: list[Line], method: Iterable[str]) -> str:
    """Every section that has been measured, the machine, and how it was done."""
    machine = environment.describe()
    told = f"{machine.cpu}, {machine.cores} cores, {machine.memory_bytes / 1e9:.0f} GB, {machine.kernel}"
    head = f"Made by `make bench` on one machine ({told}). A cell is the median, with the least and the greatest value."
    by_section = {name: [line for line in lines if line["section"] == name] for name in _SECTIONS}
    written = [make(by_section[name]) for name, make in _SECTIONS.items() if by_section[name]]
    return "\n\n".join(["# Performance", head, *written, *(part.strip() for part in method)]) + "\n"


_WHAT_IS_IN_IT = (
    "Peak memory is what is resident. In it are pages of files, those of libraries and of weights that are mapped: "
    "while memory is free they [cost nothing](#pages-that-stay-resident), and the kernel drops them where it is short, "
    "so a program needs less: [the least that is enough](#the-least-memory-that-is-enough)."
)


def _pairs(lines: list[Line]) -> str:
    parts = ["## Beside optimum-cli", _WHAT_IS_IN_IT]
    for model in dict.fromkeys(line["model"] for line in lines):
        runs = [line for line in lines if line["model"] == model]
        timed, watched = ([run for run in runs if run["watched"] is flag] for flag in (False, True))
        rows = [
            _pair("wall time", timed, "seconds", "s", 1.0),
            _pair("peak memory of the tree", watched, "peak_bytes", "GB", 1e9),
            _pair("peak memory, but for pages of files", watched, "held_bytes", "GB", 1e9),
            _pair("written to disk", watched, "written_bytes", "GB", 1e9),
        ]
        size, last = runs[-1]["bytes"] / 1e9, runs[-1]
        columns = (f"{model}, {size:.2f} GB", "this program: export and proof", "`optimum-cli export onnx`", "ratio")
        parts.append(table(columns, rows))
        parts.append(f"{len(timed)} pairs; ours proved {last['cases']} cases, verdict {last['verdict']}.")
    return "\n\n".join(parts)


def _pair(title: str, runs: list[Line], field: str, unit: str, scale: float) -> Cells:
    sides = [[run[name][field] / scale for run in runs] for name in ("ours", "theirs")]
    return (title, *(spread(values, unit) for values in sides), ratio(*sides))


def _many(lines: list[Line]) -> str:
    last = lines[-1]
    count = len(last["models"])
    columns = (f"{count} small models", "this program: one job", f"`optimum-cli export onnx`: {count} runs", "ratio")
    names = ", ".join(name.removeprefix("tiny-") for name in last["models"])
    exits = f"of theirs {count - last['failed']} exited with 0."
    proven = f"{len(lines)} pairs; of ours {last['passed']} passed their proof, {exits}"
    shown = table(columns, [_pair("wall time", lines, "seconds", "s", 1.0)])
    return "\n\n".join(("## Many models in one job", f"A [file of models](config.md): {names}.", shown, proven))


def _starts(lines: list[Line]) -> str:
    rows = [
        (what, spread([run["ours"]["seconds"] for run in found], "s"), f"{runs}")
        for what, group in itertools.groupby(lines, key=lambda line: line["what"])
        for found in [list(group)]
        for runs in [len(found)]
    ]
    return "\n\n".join(("## Where nothing is exported", table(("run", "wall time", "runs"), rows)))


def _limited(lines: list[Line]) -> str:
    rows = [
        (
            f"{line['model']}, {line['bytes'] / 1e9:.2f} GB",
            f"{line['limit'] / 1e9:.2f} GB",
            f"{line['ours']['seconds']:.0f} s",
            f"exit status {line['ours']['status']}: {line['said']}",
        )
        for line in lines
    ]
    columns = ("model", "limit", "wall time", "what the run says")
    return "\n\n".join(("## In little memory", _LIMITS, table(columns, rows)))


_LIMITS = (
    "Export, proof and benchmark in a cgroup without swap, of 1.0 GB and a fifth of the weights, at most 1.6 GB. "
    "All that a run takes counts there, pages of files too; none of them is in memory before."
)


_SECTIONS = {
    "pairs": _pairs,
    "phases": phases.shown,
    "many": _many,
    "starts": _starts,
    "unchanged": unchanged.shown,
    "upload": upload.shown,
    "container": container.shown,
    "least": least.shown,
    "limited": _limited,
    "resident": resident.shown,
    "growth": growth.shown,
}
