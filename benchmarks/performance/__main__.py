"""What an export with its proof costs, beside `optimum-cli export onnx`, and how that grows.

    make bench                                     every section, docs/performance.md
    python benchmarks/performance pairs growth     some sections
    python benchmarks/performance pairs --models gpt2 --runs 2
    python benchmarks/performance                  only the page, from what was measured so far

The programs run alternately, all of them byte-compiled before, each with nothing left of the run before: no output, no
page that waits for the disk, and the model's file read once. Wall time is the whole process, in runs that nothing
else watches. Memory is the greatest sum of the proportional set sizes (PSS) over the process tree, so that pages two
processes share count once; bytes written are what the disk took from before the run until nothing waited for it any
more; both in runs of their own. Ours includes its proof, as many cases as it says, optimum-cli's its comparison at one.

Sections are measured at different hours, and a virtual machine is a third slower at some than at others: what one run
holds side by side can be compared, seconds of two sections cannot.

Every run is a line in `.cache/bench/results.jsonl`; a section that is run again replaces its lines, or with `--more`
adds to them: pairs of the same program at another hour.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import container
import growth
import least
import phases
import resident
import unchanged
import upload
from models import BERT, GPT2, LLAMA, SMALL, Model, weight_bytes
from page import page
from watch import INTERPRETER, OPTIMUM, Run, compile_all, forget, run, settle

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "bench"
RESULTS = CACHE / "results.jsonl"
PAGE = ROOT / "docs" / "performance.md"
OURS = [sys.executable, str(ROOT / "entrypoint.py")]
# What a model may need: so much, and a part of its weights; the greatest here even less.
_FIXED, _PART, _MOST = 1_000_000_000, 0.2, 1_600_000_000

Line = dict[str, Any]


def ours(folder: Path, task: str, *more: str) -> list[str]:
    """Export and proof, without a benchmark."""
    measured = ("--benchmark-seconds", "0", "--output-dir", "ours")
    return [*OURS, "--model", folder.name, "--task", task, *measured, *more]


def theirs(folder: Path, task: str) -> list[str]:
    """The same of optimum-cli, with what it does by default."""
    program = str(OPTIMUM / "bin" / "optimum-cli")
    return [program, "export", "onnx", "-m", str(folder), "--task", task, str(CACHE / "theirs")]


def both(folder: Path, task: str) -> dict[str, list[str]]:
    """The two side by side."""
    return {"ours": ours(folder, task), "theirs": theirs(folder, task)}


def measured(name: str, command: list[str], **how: Any) -> Run:
    """One run, told as it ends."""
    shutil.rmtree(CACHE / "theirs", ignore_errors=True)
    found = run(command, CACHE, CACHE / f"{name}.log", **how)
    print(f"{name}: {found}", flush=True)
    return found


def pairs(chosen: list[Model], runs: int) -> Iterator[Line]:
    """Both programs in turns, the first of each pair changing; then both once more, watched."""
    for model in chosen:
        folder = model.make(CACHE)
        commands = both(folder, model.task)
        for watched in (False, True):
            for pair in range(runs if not watched else max(1, runs // 2)):
                found = {}
                for name, command in list(commands.items())[:: 1 if pair % 2 else -1]:
                    settle(CACHE / name, folder)
                    found[name] = measured(name, command, watched=watched)
                yield {
                    "model": model.name,
                    "bytes": weight_bytes(folder),
                    "watched": watched,
                    **{name: asdict(each) for name, each in found.items()},
                    **_proof(),
                }


def many(_: list[Model], runs: int) -> Iterator[Line]:
    """Small models by one job of ours with a file of models, and by as many runs of theirs, in turns."""
    folders = {model.name: (model.make(CACHE), model.task) for model in SMALL}
    entries = [{"model": name, "task": task} for name, (_, task) in folders.items()]
    (CACHE / "models.json").write_text(json.dumps({"models": entries}), encoding="utf-8")  # which is YAML too
    job = [*OURS, "--config", "models.json", "--benchmark-seconds", "0", "--output-dir", "ours"]
    commands = {"ours": [job], "theirs": [theirs(*each) for each in folders.values()]}
    for pair in range(runs):
        order = list(commands.items())[:: 1 if pair % 2 else -1]
        found = {side: [measured(f"many-{side}", command) for command in told] for side, told in order}
        reports = [CACHE / "ours" / name / "report.json" for name in folders]
        verdicts = [json.loads(report.read_text(encoding="utf-8"))["verdict"] for report in reports]
        failed = sum(run.status != 0 for run in found["theirs"])
        yield {
            "passed": verdicts.count("pass"),
            "failed": failed,
            "models": list(folders),
            **{side: {"seconds": sum(run.seconds for run in done)} for side, done in found.items()},
        }


def starts(_: list[Model], runs: int) -> Iterator[Line]:
    """A usage error."""
    for _ in range(runs):
        yield {"what": "usage error", "ours": asdict(measured("usage-error", [*OURS, "--modle", "x"]))}


def limited(chosen: list[Model], _runs: int) -> Iterator[Line]:
    """Each model in a limit of memory, the benchmark included."""
    for model in chosen:
        folder = model.make(CACHE)
        size = weight_bytes(folder)
        limit = min(_MOST, int(_FIXED + _PART * size))
        forget(folder)
        found = measured("limited", [*ours(folder, model.task), "--benchmark-seconds", "5"], limit_bytes=limit)
        report = json.loads((CACHE / "ours" / "report.json").read_text(encoding="utf-8"))
        error = (report.get("failure") or {}).get("message", "")
        said = "; ".join([error or report["verdict"], *report["warnings"]])
        yield {"model": model.name, "limit": limit, "bytes": size, "said": said, "ours": asdict(found)}


def _proof() -> Line:
    """What ours proved in its last run."""
    report = json.loads((CACHE / "ours" / "report.json").read_text(encoding="utf-8"))
    return {"verdict": report["verdict"], "cases": len((report["validation"] or {"cases": ()})["cases"])}


SECTIONS: dict[str, Callable[[list[Model], int], Iterator[Line]]] = {
    "pairs": pairs,
    "phases": lambda chosen, _: phases.measure(CACHE, chosen, both),
    "many": many,
    "growth": lambda _, runs: growth.measure(CACHE, ours, measured, runs),
    "starts": starts,
    "unchanged": lambda _, runs: unchanged.measure(CACHE, OURS, runs),
    "upload": lambda _, runs: upload.measure(CACHE, runs),
    "container": lambda _, runs: container.measure(CACHE, runs),
    "least": lambda chosen, _: least.measure(CACHE, chosen, both, measured),
    "resident": lambda *_: resident.measure(CACHE, ours, measured),
    "limited": limited,
}


def kept(but: str, names: set[str]) -> list[Line]:
    """The lines of other sections, and of other models of this one."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    found = [json.loads(line) for line in lines]
    return [line for line in found if line["section"] != but or (line.get("model") and line["model"] not in names)]


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--more", action="store_true", help="keep the runs that were measured before")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    CACHE.mkdir(parents=True, exist_ok=True)
    if arguments.sections:
        compile_all(ROOT / "src", INTERPRETER, OPTIMUM)
    chosen = [model for model in (BERT, GPT2, LLAMA) if not arguments.models or model.name in arguments.models]
    for section in arguments.sections:
        lines = kept("" if arguments.more else section, {model.name for model in chosen})
        for line in SECTIONS[section](chosen, arguments.runs):
            lines.append({"section": section, **line})
            RESULTS.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    method = (__doc__ or "").split("\n\n")[2:]
    PAGE.write_text(page([*kept("", set())], method), encoding="utf-8")


if __name__ == "__main__":
    main()
