"""The interpreter with TensorFlow, made when a model first needs it: 1.5 GB that most installations never want."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.log import Log
from onnx_export_action.workers import interpreters

_ROOT = Path(__file__).parents[3]
_SCRIPT = Path("scripts", "interpreters")
_LOCK = Path("requirements", "tensorflow.txt")
_PASSED_ON = re.compile(r"PATH|LANG|LC_ALL|HOME|TMPDIR|SSL_CERT_FILE|NETRC|UV_\w+|(https?|no|all)_proxy", re.IGNORECASE)
_SAID = re.compile(r"^(error:|\W) (?P<cause>.+)")


def tensorflow(environment: Mapping[str, str], log: Log, root: Path = _ROOT, needed_by: str = "the model") -> None:
    """Make it from its lock, unless it is there; in a checkout alone, as an image has it or has it not."""
    folder = interpreters.tensorflow().parent.parent
    if _is_ready(folder, root):
        return
    if not (root / _SCRIPT).is_file():
        raise UsageError(
            f"this installation has no TensorFlow, which {needed_by} needs.",
            "In a workflow write `uses: org/onnx-export-action/tensorflow@...`; docs/tensorflow.md has the other ways.",
        )
    with log.group("Make the interpreter with TensorFlow: 1.6 GB, this once"), _alone(folder):
        if not _is_ready(folder, root):
            _make(environment, log, root)
            (folder / ".setup").touch()


def _is_ready(folder: Path, root: Path) -> bool:
    """Whether it is whole and of today's lock; where there is no lock, whether it is there."""
    stamp, lock = folder / ".setup", root / _LOCK
    if not lock.is_file():
        return interpreters.tensorflow().is_file()
    return stamp.is_file() and stamp.stat().st_mtime >= lock.stat().st_mtime


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else makes it meanwhile; who waited finds it made."""
    try:
        with folder.with_name(f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except PermissionError as error:
        raise SurroundingsError(
            f"The interpreter with TensorFlow cannot be made in {folder.parent.name}: {error.strerror}.",
            "Run `make tensorflow` as a user who may write there.",
        ) from None


def _make(environment: Mapping[str, str], log: Log, root: Path) -> None:
    cache = root / ".cache"
    command = [root / _SCRIPT, cache / "bootstrap" / "bin" / "python", cache, sys.prefix, root / "src", "tensorflow"]
    given = {name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}
    said: list[str] = []
    with subprocess.Popen(
        [str(part) for part in command],
        env={**given, "QUIET": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                log.output(line.rstrip())
                said.append(line.strip())
        except BaseException:
            process.kill()  # a cancelled job has no time to wait for it
            raise
    if process.returncode:
        raise SurroundingsError(
            f"The interpreter with TensorFlow could not be made: {_cause(said)}.",
            "Check the network and the package index, then run it again; `make tensorflow` does the same alone.",
        )


def _cause(said: list[str]) -> str:
    named = (found["cause"] for line in said if (found := _SAID.match(line)))
    return next(named, said[-1] if said else "no reason was given").strip().rstrip(".:")[:300]
