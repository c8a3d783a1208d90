"""The image: what it holds over its base, how soon it is built again, how soon it begins, how soon it refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from models import SMALL
from tables import spread, table

Line = dict[str, Any]

_ROOT = Path(__file__).resolve().parents[2]
_DOCKER = os.environ.get("DOCKER", "docker")
_IMAGE = "onnx-export-action:bench"
_CONTEXT = ("Dockerfile", ".dockerignore", "entrypoint.py", "requirements", "scripts", "src")
_CHANGED = Path("src", "onnx_export_action", "log.py")
_FIRST_LINE = "Read the model"


def measure(cache: Path, runs: int) -> Iterator[Line]:
    """Build the image of a copy of this tree, then each figure in turns; skipped where there is no Docker."""
    if not shutil.which(_DOCKER) or subprocess.run([_DOCKER, "info"], capture_output=True).returncode:
        print("container: skipped, as no Docker engine answers", flush=True)
        return
    model = SMALL[0]
    model.make(cache)
    with tempfile.TemporaryDirectory(dir=cache, prefix="image-") as folder:
        tree = Path(folder)
        _copy(tree)
        _build(tree)
        yield {"what": "size", "bytes": _size(_IMAGE) - _size(_base(tree))}
        for run in range(runs):
            with (tree / _CHANGED).open("a", encoding="utf-8") as changed:
                changed.write(f"# {run}\n")
            yield _told("rebuild", _build(tree))
            yield _told("engine", _until_over("--entrypoint", "/bin/true", _IMAGE))
            yield _told("usage error", _until_over(_IMAGE, "--modle", "x"))
            yield from _first_lines(cache, model.name, model.task)


def shown(lines: list[Line]) -> str:
    """The size, and the times with what the engine itself takes of them."""
    size = next(line["bytes"] for line in lines if line["what"] == "size")
    titles = {
        "rebuild": "`docker build` after a change in `src/`",
        "begun": "start of the container to its first line of work",
        "first line": "`docker run` to the first line of work",
        "usage error": "`docker run` of a usage error, to its end",
        "engine": "`docker run` of `/bin/true`: the engine's own part of the two above",
    }
    rows = [
        (title, spread([line["seconds"] for line in lines if line["what"] == what], "s"))
        for what, title in titles.items()
    ]
    text = f"Both interpreters and the program: **{size / 1e9:.2f} GB** over the base image."
    count = sum(line["what"] == "rebuild" for line in lines)
    return "\n\n".join(("## The image", text, table(("what", "wall time"), rows), f"{count} runs."))


def _told(what: str, seconds: float) -> Line:
    print(f"container: {what} {seconds:.2f} s", flush=True)
    return {"what": what, "seconds": seconds}


def _copy(tree: Path) -> None:
    """What the image is built from, so that a change there is none here."""
    for name in _CONTEXT:
        source = _ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, tree / name, ignore=ignored) if source.is_dir() else shutil.copy2(source, tree / name)


def _build(tree: Path) -> float:
    start = time.perf_counter()
    subprocess.run([_DOCKER, "build", "--quiet", "--tag", _IMAGE, str(tree)], check=True, capture_output=True)
    return time.perf_counter() - start


def _base(tree: Path) -> str:
    return re.findall(r"^FROM (\S+)$", (tree / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)[-1]


def _size(image: str) -> int:
    return int(_said("image", "inspect", "--format", "{{.Size}}", image))


def _said(*command: str) -> str:
    return subprocess.run([_DOCKER, *command], check=True, capture_output=True, text=True).stdout.strip()


def _until_over(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run([_DOCKER, "run", "--rm", "--network", "none", *command], capture_output=True)
    return time.perf_counter() - start


def _first_lines(cache: Path, model: str, task: str) -> Iterator[Line]:
    """From `docker run`, and from the moment that the engine gives as the container's start."""
    mounted = ["--volume", f"{cache / model}:/github/workspace/{model}:ro", "--workdir", "/github/workspace"]
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/github/workspace"}
    flags = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
    name = f"onnx-export-action-bench-{os.getpid()}"
    command = [_DOCKER, "run", "--name", name, "--network", "none", *mounted, *flags, _IMAGE]
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--model", model, "--task", task], stdout=subprocess.PIPE, text=True)
    try:
        _wait_for(process, _FIRST_LINE)
        yield _told("first line", time.perf_counter() - start)
        began = _moment(json.loads(_said("inspect", "--format", "{{json .State.StartedAt}}", name)))
        logged = _said("logs", "--timestamps", name).splitlines()
        first = next(line for line in logged if _FIRST_LINE in line)
        yield _told("begun", _moment(first.split()[0]) - began)
    finally:
        subprocess.run([_DOCKER, "rm", "--force", name], capture_output=True)
        process.communicate()


def _wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    if not any(text in line for line in process.stdout):
        raise SystemExit("container: the program ended before its first line of work")


def _moment(written: str) -> float:
    """A time of the engine's, of which Python reads six decimals."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", written)).timestamp()
