"""A model that has not changed since the base, by the whole program, before GitHub on this machine."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hosted import Hosting, events, hosted, is_here
from models import BERT
from tables import spread, table
from watch import run

from tests.integration.github_api import REPOSITORY

Line = dict[str, Any]

_BASE, _HEAD = "a" * 40, "b" * 40
_ARTIFACT = f"{BERT.name}-onnx"
_UNITS = {"ms": 0.001, "s": 1.0}


def measure(cache: Path, program: Sequence[str], runs: int) -> Iterator[Line]:
    """A push that exports and uploads; then pull requests, and a plain download of the same archive, in turns."""
    if not is_here():
        return
    BERT.make(cache)
    with hosted(cache) as github:
        github.history.parents |= {_BASE: (), _HEAD: (_BASE,)}
        github.history.branches["main"] = _BASE
        started = partial(_started, cache, program, github)
        started(1, "push", {"before": "0" * 40}, GITHUB_SHA=_BASE)
        github.list_artifacts(1, 1, "push", _BASE)
        pull = events.pull_request(_HEAD, _BASE)
        for number in range(runs):
            for upload in ("true", "false"):
                download = _download(cache, github)
                found = started(2 + number, "pull_request", pull, **{"INPUT_UPLOAD-ARTIFACT": upload})
                yield {"upload": upload == "true", "download": download, **found}


def shown(lines: list[Line]) -> str:
    """A table of the runs with and without their own upload, and the phases that the program itself tells."""
    rows = [row for uploads in (True, False) for row in _rows([each for each in lines if each["upload"] is uploads])]
    count = sum(line["upload"] for line in lines)
    archive = f"{lines[-1]['bytes'] / 1e9:.2f} GB"
    text = (
        "The whole program before GitHub's API, its artifact service and a block store (Azurite) on this machine. "
        f"A push exports {BERT.name} and leaves its artifact; a pull request with the same model finds it, downloads "
        f"{archive}, takes it over and reports. Beside it, in turns, `curl` downloads the same archive."
    )
    phases = {name: [line["phases"].get(name, 0.0) for line in lines] for name in lines[-1]["phases"]}
    told = ", ".join(f"{name.lower()} {statistics.median(values):.2f} s" for name, values in phases.items())
    return "\n\n".join(
        (
            "## A model that has not changed",
            text,
            table(("run of a pull request", "wall time", "download alone", "beyond the download"), rows),
            f"{count} runs each; by the program's own log: {told}.",
        )
    )


def _rows(lines: list[Line]) -> Iterator[Sequence[str]]:
    if lines:
        title = "with an artifact of its own uploaded" if lines[0]["upload"] else "without (`upload-artifact: false`)"
        walls, downloads = ([line[name] for line in lines] for name in ("seconds", "download"))
        beyond = [wall - download for wall, download in zip(walls, downloads, strict=True)]
        yield title, *(spread(values, "s") for values in (walls, downloads)), f"**{spread(beyond, 's')}**"


def _started(
    cache: Path, program: Sequence[str], github: Hosting, number: int, event: str, payload: Line, **more: str
) -> Line:
    """One run as the runner starts it; it ends the bench where it is not what it should be."""
    (cache / "event.json").write_text(json.dumps(payload), encoding="utf-8")
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(cache / "event.json"),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_WORKSPACE": str(cache),
        "INPUT_GITHUB-TOKEN": github.api.token,
        **github.variables(number),
        **more,
    }
    # Without a comment: a new one is looked at again after five seconds, whatever the run was.
    command = [*program, "--model", BERT.name, "--task", BERT.task, "--output-dir", "ours", "--comment", "never"]
    log = cache / f"unchanged-{event}.log"
    found = run(command, cache, log, variables=variables)
    report = json.loads((cache / "ours" / "report.json").read_text(encoding="utf-8"))
    taken = bool((report["export"] or {}).get("reused_from"))
    print(f"{log.stem}: {found}, {'taken over' if taken else 'exported'}", flush=True)
    if found.status or taken is (event == "push"):
        raise SystemExit(f"{log} tells why this run is not what it should be")
    size = sum(file["size_bytes"] for file in report["files"])
    return {"seconds": found.seconds, "bytes": size, "phases": _phases(log.read_text(encoding="utf-8"))}


def _phases(log: str) -> dict[str, float]:
    """The seconds of each group of the log."""
    found = re.findall(r"^✓ (.+) \(([\d.]+) (ms|s)\)$", log, re.MULTILINE)
    return {title: float(value) * _UNITS[unit] for title, value, unit in found}


def _download(cache: Path, github: Hosting) -> float:
    address = next(each.address() for each in github.actions.artifacts if each.name == _ARTIFACT)
    file = cache / "download.zip"
    start = time.perf_counter()
    subprocess.run(["curl", "--silent", "--fail", "--output", str(file), address], check=True)
    seconds = time.perf_counter() - start
    file.unlink()
    return seconds
