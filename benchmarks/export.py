"""Export and proof of a bert-base-sized model, side by side with `optimum-cli export onnx`, in one run.

    make bench                       5 pairs, tables on the terminal and in docs/performance.md
    python benchmarks/export.py -n 1 one pair, terminal only with --dry

The programs run alternately. Wall time is the whole process, in runs that nothing else watches. Memory is the
greatest sum of the proportional set sizes (PSS) over the process tree, so that pages two processes share count once;
bytes written are the kernel's count of what the tree sent to storage; both in runs of their own. Ours includes its
proof, as many cases as it says, optimum-cli's its comparison at one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
PAGE = ROOT / "docs" / "performance.md"
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Run:
    """One run of one program: wall seconds, and where it was watched, peak bytes and bytes written of the tree."""

    seconds: float
    peak_bytes: int = 0
    written_bytes: int = 0


def run(command: list[str], log: Path, watched: bool) -> Run:
    """Run a command, watched or only timed; raises when it fails."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    start = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=CACHE)
        peak, written = _watch(process) if watched else (0, 0)
        process.wait()
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}; its log: {log}")
    return Run(seconds, peak, written)


def _watch(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    tree, peak, written = psutil.Process(process.pid), 0, 0
    while process.poll() is None:
        memory, sent = _sample(tree)
        # The kernel adds an ended child's count to its parent's, so the live processes together never lose any.
        peak, written = max(peak, memory), max(written, sent)
        time.sleep(SAMPLE_SECONDS)
    return peak, written


def _sample(tree: psutil.Process) -> tuple[int, int]:
    memory = sent = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [tree, *tree.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                memory += process.memory_full_info().pss
                sent += process.io_counters().write_bytes
    return memory, sent


def make_model(folder: Path) -> int:
    """A random model of bert-base's size, once; returns its weights' bytes."""
    if not (folder / "model.safetensors").exists():
        code = (
            "import sys, torch, transformers; torch.manual_seed(0); "
            "transformers.BertModel(transformers.BertConfig()).save_pretrained(sys.argv[1])"
        )
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    return (folder / "model.safetensors").stat().st_size


def commands(folder: Path) -> dict[str, list[str]]:
    """Both programs on the same model and task."""
    optimum = Path(f"{sys.prefix}-optimum") / "bin" / "optimum-cli"
    task = "feature-extraction"
    return {
        "onnx-export-action": [
            *(sys.executable, str(ROOT / "entrypoint.py"), "--model", folder.name, "--task", task),
            *("--output-dir", "ours", "--benchmark-seconds", "0"),
        ],
        "optimum-cli": [str(optimum), "export", "onnx", "-m", str(folder), "--task", task, str(CACHE / "theirs")],
    }


def measure(pairs: int, watched: bool) -> dict[str, list[Run]]:
    """Alternate the programs, the first of each pair changing."""
    runs: dict[str, list[Run]] = {name: [] for name in commands(CACHE / "bert-base")}
    for pair in range(pairs):
        for name, command in list(commands(CACHE / "bert-base").items())[:: 1 if pair % 2 else -1]:
            shutil.rmtree(CACHE / "theirs", ignore_errors=True)
            runs[name].append(run(command, CACHE / f"{name}.log", watched))
            print(f"{name}: {runs[name][-1]}", flush=True)
    return runs


def table(timed: dict[str, list[Run]], watched: dict[str, list[Run]], weights: int) -> str:
    """Medians, the spread, and the ratio of ours to theirs pair by pair."""
    rows = [
        _row(title, [[getattr(run, field) / scale for run in side] for side in runs.values()], unit)
        for title, field, unit, scale, runs in (
            ("wall time", "seconds", "s", 1.0, timed),
            ("peak memory of the tree", "peak_bytes", "GB", 1e9, watched),
            ("written", "written_bytes", "GB", 1e9, watched),
        )
    ]
    size = f"bert-base size, {weights / 1e9:.2f} GB"
    header = f"| {size} | this program: export and proof | `optimum-cli export onnx` | ratio |"
    return "\n".join([header, "|---|---|---|---|", *rows])


def _row(title: str, sides: list[list[float]], unit: str) -> str:
    cells = [f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})" for values in sides]
    ratios = [ours / theirs for ours, theirs in zip(*sides, strict=True) if theirs]
    ratio = f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "not counted"
    return f"| {title} | {cells[0]} | {cells[1]} | {ratio} |"


def page(found: str, report: dict[str, Any], pairs: int) -> str:
    """docs/performance.md: the table, the machine, what was compared."""
    validation, environment = report["validation"], report["environment"]
    machine = f"{environment['cpu']}, {environment['cores']} cores, {environment['memory_bytes'] / 1e9:.0f} GB"
    how = f"Made by `make bench`: {pairs} pairs, run alternately on one machine ({machine}, {platform.system()}). "
    worst = f"{len(validation['cases'])} cases; its greatest difference was {validation['max_abs_diff']:.1e}"
    method = (paragraph.strip() for paragraph in (__doc__ or "").split("\n\n")[2:])
    cells = "Each cell is the median, with the least and the greatest value."
    return "\n\n".join(["# Performance", how + cells, found, f"Ours proved {worst}.", *method]) + "\n"


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--pairs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="do not write docs/performance.md")
    arguments = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    weights = make_model(CACHE / "bert-base")
    timed = measure(arguments.pairs, watched=False)
    found = table(timed, measure(max(1, arguments.pairs // 2), watched=True), weights)
    report = json.loads((CACHE / "ours" / "report.json").read_text(encoding="utf-8"))
    print(found)
    if not arguments.dry:
        PAGE.write_text(page(found, report, arguments.pairs), encoding="utf-8")


if __name__ == "__main__":
    main()
