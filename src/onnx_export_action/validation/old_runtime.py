"""`target-check: install`: the oldest runtime itself, installed beside ours, loads the file and gives the answers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from onnx_export_action.errors import RunError, SurroundingsError, UsageError
from onnx_export_action.log import Log
from onnx_export_action.records import Check
from onnx_export_action.settings import Settings
from onnx_export_action.validation import proof, target
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure

SERVICE = "onnx_export_action.validation.old_service"

_FIRST_FOR_NUMPY_2 = (1, 19)
_SECONDS = 600
# What a package index may need; no token of the job is among them.
_PASSED_ON = re.compile(r"PATH|HOME|LANG|TMPDIR|PIP_\w+|UV_\w+|SSL_CERT_\w+|(?:https?|no|all)_proxy", re.IGNORECASE)


def install(settings: Settings, folder: Path, environment: Mapping[str, str], log: Log) -> Path | None:
    """The folder with the target's release, from the configured index; None where nobody asked for it."""
    if settings.target is None or settings.target_check != "install":
        return None
    wanted = target.requirement(settings.target)
    numpy = ["numpy<2"] if target.release(settings.target) < _FIRST_FOR_NUMPY_2 else []
    with log.group(f"Install {wanted}"):
        command = [*_installer(), "--no-deps", "--only-binary", ":all:", "--target", str(folder), wanted, *numpy]
        passed_on = {name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}
        try:
            done = subprocess.run(
                command, env=passed_on, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise _not_installed(wanted, f"it took more than {_SECONDS} s") from None
    if done.returncode != 0:
        raise _why(wanted, done.stdout + done.stderr)
    return folder


def _installer() -> list[str]:
    """pip of the Python that this program's environment was made from, or uv."""
    base = Path(sys.base_prefix, "bin", "python3")
    found = subprocess.run([str(base), "-m", "pip", "--version"], capture_output=True, check=False)
    if found.returncode == 0:
        return [str(base), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    raise SurroundingsError("`target-check: install` needs pip or uv, and has none.", "Use `target-check: table`.")


def _why(wanted: str, said: str) -> RunError:
    """Only what kind of failure it was: an index's address may hold a password."""
    if "from versions: none" in said:  # as pip says of an index that does not answer, too
        return _not_installed(wanted, "the package index does not answer, or has no wheel of it for this Python")
    if re.search(r"No matching distribution|no version of|no wheels", said, re.IGNORECASE):
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return UsageError(
            f"{wanted} has no wheel for Python {python} on this machine, so `target-check: install` cannot try it.",
            "Raise `target`, or use `target-check: table`.",
        )
    return _not_installed(wanted, "the package index did not give it")


def _not_installed(wanted: str, why: str) -> SurroundingsError:
    remedy = "Check the network and PIP_INDEX_URL, or use `target-check: table`."
    return SurroundingsError(f"{wanted} could not be installed: {why}.", remedy)


def prove(
    folder: Path | None, proven: Proof, file: Path, evidence: Evidence, settings: Settings, host: Host, log: Log
) -> Proof:
    """The proof with one check more: the whole of it again in the target's release. A failed proof needs no second."""
    if folder is None or not proven.validation.passed:
        return proven
    with log.group("Prove it in the target runtime"):
        check = _check(folder, file, proven, evidence, settings, host, log)
    validation = proven.validation.model_copy(update={"checks": (*proven.validation.checks, check)})
    return replace(proven, validation=validation)


def _check(
    folder: Path, file: Path, proven: Proof, evidence: Evidence, settings: Settings, host: Host, log: Log
) -> Check:
    name = target.requirement(settings.target or "")
    try:
        with Worker(interpreters.main(), SERVICE, host, log) as worker:
            name = f"onnxruntime {worker.call('use', folder=str(folder))}"
            again = proof.prove(worker, file, proven.opset, evidence, settings, settings.threads or 1, log).validation
    except WorkerFailure as failure:
        return Check(name="target runtime, run", passed=False, detail=f"{name}: {failure.cause[:400]}")
    if not again.passed:
        return Check(name="target runtime, run", passed=False, detail=f"{name}: {proof.summary_of_failure(again)}")
    detail = f"{name} loads the file and gives the answers in all {len(again.cases)} cases"
    return Check(name="target runtime, run", passed=True, detail=detail)
