"""How often the timed comparison is wrong: files against themselves, and against files with more work in them.

    make timing                                       an hour; docs/false-alarms.md
    python benchmarks/false_alarms --minutes 0        only the page, from the results so far
    python benchmarks/false_alarms --minutes 9 --dry  some more results, no page

A file is a chain of 100 matrix multiplications, of about 1, 5 or 20 ms a call in turn, so that each further one is 1 %
more multiply-adds. Each comparison is made in two ways. *Paired* is this program's own, in a process of its own. With
a file against itself it has 2.5 s, in which it is less sure than it would be, or the 7.5 s that it has by default; with
more work in the file it has 15 or 50 s, and ends earlier once its interval is narrow. *Separate* are the medians of two
runs of 1.5 s, one after the other, in two processes. Each kind has its share of the time, and all take turns, so that
they see the same hour. The load is one process that multiplies matrices without a pause.

Every result is a line in `.cache/false-alarms/results.jsonl`, and the page is written anew after each, so a run that is
stopped loses nothing; the next goes on where it ended.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import trials
from table import page

from onnx_export_action import environment

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "false-alarms"
RESULTS = CACHE / "results.jsonl"
PAGE = ROOT / "docs" / "false-alarms.md"


def results() -> list[dict[str, Any]]:
    """Every comparison so far; a last line that was cut off does not count."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines(keepends=True) if RESULTS.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def measure(minutes: float, cores: int, dry: bool) -> None:
    """Compare until the time is up; each result is kept at once."""
    end, done, shares = time.monotonic() + 60 * minutes, results(), trials.settings(cores)
    while time.monotonic() < end:
        setting, size = trials.due(done, shares)
        done.append(trials.trial(setting, size, CACHE))
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[-1]) + "\n")
        if not dry:
            write(done)
        print(f"{len(done)}: {setting}, {size}: {done[-1]['ratio']:.4f} {done[-1].get('verdict', '')}", flush=True)


def write(done: list[dict[str, Any]]) -> None:
    """The page, from what there is."""
    machine, method = environment.describe(), (__doc__ or "").split("\n\n", 2)[2]
    told = f"{machine.cpu}, {machine.cores} cores, {machine.kernel}, ONNX Runtime {machine.versions['onnxruntime']}"
    PAGE.write_text(page(done, machine.cores, told, method), encoding="utf-8")


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--fresh", action="store_true", help="forget the results so far")
    parser.add_argument("--dry", action="store_true", help="do not write the page")
    arguments = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    if arguments.fresh:
        RESULTS.unlink(missing_ok=True)
    with contextlib.suppress(KeyboardInterrupt):
        measure(arguments.minutes, environment.describe().cores, arguments.dry)
    if not arguments.dry:
        write(results())


if __name__ == "__main__":
    main()
