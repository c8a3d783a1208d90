"""What the program does on every pair of the corpus, or on every model of a folder, with `exporter: auto`.

    make coverage                          the corpus; the table goes to docs/coverage.md
    python benchmarks/coverage DIR         any folder of models; a folder named `<name>--<task>` names its task
    python benchmarks/coverage -k qwen     only what has this in its name

Each model is a run of the whole program, proof at unseen shapes included. Results are kept as lines of JSON beside the
models, so that a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "coverage"
PAGE = ROOT / "docs" / "coverage.md"
LIMIT_SECONDS = 600


def models(folder: Path | None) -> Iterator[tuple[str, Path, str]]:
    """Name, folder and task of every model."""
    if folder is None:
        for pair in corpus.PAIRS:
            pair.build(CACHE / "models" / pair.name)
            yield pair.name, CACHE / "models" / pair.name, pair.task
        return
    for path in sorted(config.parent for config in folder.glob("*/config.json")):
        yield path.name, path, path.name.partition("--")[2] or "auto"


def export(name: str, model: Path, task: str, outputs: Path) -> dict[str, Any]:
    """One run of the program; what its report says."""
    command = [sys.executable, str(ROOT / "entrypoint.py"), "--model", str(model), "--task", task]
    command += ["--output-dir", name, "--benchmark-seconds", "0", "--timeout", str(LIMIT_SECONDS // 2)]
    start = time.monotonic()
    try:
        run = subprocess.run(
            command, cwd=outputs, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"name": name, "verdict": "error", "seconds": LIMIT_SECONDS, "cause": "It took too long."}
    report = json.loads((outputs / name / "report.json").read_text())
    export = report["export"] or {}
    tried = [attempt["exporter"] for attempt in export.get("attempts", [])]
    return {
        "name": name,
        "verdict": report["verdict"],
        "exporter": export.get("exporter"),
        "tried": tried,
        "cases": len(report["validation"]["cases"]) if report["validation"] else 0,
        "seconds": round(time.monotonic() - start, 1),
        "status": run.returncode,
        "cause": _cause(report),
    }


def _cause(report: dict[str, Any]) -> str:
    if report["verdict"] == "pass":
        return ""
    if report["failure"]:
        return str(report["failure"]["message"])
    attempts = [attempt["cause"] for attempt in report["export"]["attempts"] if attempt["cause"]]
    return str(attempts[-1]) if attempts else "The file failed its proof."


def earlier(kept: Path, forgotten: str | None) -> dict[str, dict[str, Any]]:
    """Results of runs before, by name; those with `forgotten` in their name are taken out, of the file too."""
    lines = kept.read_text().splitlines() if kept.exists() else []
    done = {result["name"]: result for result in map(json.loads, lines)}
    if forgotten is None:
        return done
    left = {name: result for name, result in done.items() if forgotten not in name}
    kept.write_text("".join(f"{json.dumps(result)}\n" for result in left.values()))
    return left


def table(results: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    rows = [
        "| model | task | result | route | before it | cases | seconds | cause |",
        "|---|---|---|---|---|--:|--:|---|",
    ]
    for result in results:
        model, _, task = result["name"].partition("--")
        proven = result["verdict"] == "pass"
        before = ", ".join(name for name in result.get("tried", []) if name != result.get("exporter"))
        cells = (
            model,
            task,
            "proven" if proven else result["verdict"],
            (result.get("exporter") or "") if proven else "",
        )
        cause = str(result.get("cause", "")).replace("|", "\\|").replace("\n", " ")[:200]
        rows.append(f"| {' | '.join(cells)} | {before} | {result.get('cases', 0)} | {result['seconds']} | {cause} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("-k", metavar="WORD", default="", help="only models with this in their name")
    parser.add_argument("--again", action="store_true", help="forget earlier results, with -k only those")
    given = parser.parse_args()
    outputs = CACHE / "outputs" / (given.folder.resolve().name if given.folder else "corpus")
    outputs.mkdir(parents=True, exist_ok=True)
    kept = outputs / "results.jsonl"
    done = earlier(kept, given.k if given.again else None)
    for name, model, task in models(given.folder.resolve() if given.folder else None):
        if given.k in name and name not in done:
            done[name] = export(name, model, task, outputs)
            with kept.open("a") as file:
                file.write(json.dumps(done[name]) + "\n")
            print(
                name,
                done[name]["verdict"],
                done[name].get("exporter"),
                done[name]["seconds"],
                done[name].get("cause", ""),
            )
    chosen = [result for name, result in done.items() if given.k in name]
    proven = sum(result["verdict"] == "pass" for result in chosen)
    print(f"{proven} of {len(chosen)} proven")
    if not given.folder and not given.k:
        head = PAGE.read_text().partition("<!-- table -->")[0]
        PAGE.write_text(f"{head}<!-- table -->\n\n{proven} of {len(chosen)} proven.\n\n{table(chosen)}\n")


if __name__ == "__main__":
    main()
