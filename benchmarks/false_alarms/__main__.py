"""How often the timed comparison is wrong: files against themselves, and against files with more work in them.

    make timing                                       an hour; docs/false-alarms.md
    python benchmarks/false_alarms --minutes 0        only the page, from the results so far
    python benchmarks/false_alarms --minutes 9 --dry  some more results, no page

A file is a chain of 100 matrix multiplications, of about 1, 5 or 20 ms a call, so that each further one is 1 % more
multiply-adds. Each comparison is made in two ways: *paired*, as this program does it, within 10 s for a file against
itself and within 60 s where a change is to be found; *separate*, the medians of two runs of 5 s, one after the other,
in two processes. All settings take turns, so that they see the same hours. The load is one process that multiplies
matrices without a pause.

Every result is a line in `.cache/false-alarms/results.jsonl`, and a run goes on where the one before ended.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from table import page
from trials import Setting, settings, trial

from onnx_export_action import environment

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "false-alarms"
RESULTS = CACHE / "results.jsonl"
PAGE = ROOT / "docs" / "false-alarms.md"


def results() -> list[dict[str, Any]]:
    """Every comparison so far; a last line that was cut off does not count."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines(keepends=True) if RESULTS.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def next_setting(done: list[dict[str, Any]], weights: dict[Setting, float]) -> Setting:
    """The one that is farthest behind its weight."""
    counts = dict.fromkeys(weights, 0)
    for result in done:
        counts[Setting(**result["setting"])] += 1
    return min(weights, key=lambda setting: (counts[setting] + 1) / weights[setting])


def measure(minutes: float, cores: int) -> None:
    """Compare until the time is up."""
    end, done = time.monotonic() + 60 * minutes, results()
    while time.monotonic() < end:
        setting = next_setting(done, settings(cores))
        done.append(trial(setting, CACHE))
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[-1]) + "\n")
        print(f"{len(done)}: {setting}: {done[-1]['ratio']:.4f} {done[-1].get('verdict', '')}", flush=True)


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--fresh", action="store_true", help="forget the results so far")
    parser.add_argument("--dry", action="store_true", help="do not write the page")
    arguments = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    if arguments.fresh:
        RESULTS.unlink(missing_ok=True)
    machine = environment.describe()
    measure(arguments.minutes, machine.cores)
    told = f"{machine.cpu}, {machine.cores} cores, {machine.kernel}, ONNX Runtime {machine.versions['onnxruntime']}"
    written = page(results(), machine.cores, told, (__doc__ or "").split("\n\n", 2)[2])
    print(written)
    if not arguments.dry:
        PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
