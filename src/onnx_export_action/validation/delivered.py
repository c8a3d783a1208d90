"""What is delivered is what was proven: the bundle's file, by its hash and by its answers in a fresh process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.log import Log
from onnx_export_action.records import Case, Check, File
from onnx_export_action.settings import Settings
from onnx_export_action.sources.hashing import record_of
from onnx_export_action.validation import proof
from onnx_export_action.validation.proof import Proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, WorkerFailure
from onnx_export_action.workers.pool import Pool

_ROLE = "delivered"  # of a process that never saw the file elsewhere


def hashes(file: Path, proven: Proof, beside: Iterable[Path] = ()) -> dict[str, str]:
    """The SHA-256 of a file that was proven, under no name, of its data and of what else was proven beside it.

    Nothing of one that failed.
    """
    if not proven.validation.passed:
        return {}
    names = {*(proven.graph.external_files if proven.graph else ()), *(path.name for path in beside)} - {file.name}
    return {
        "": record_of(file, file.name).sha256,
        **{name: record_of(file.parent / name, name).sha256 for name in sorted(names)},
    }


def prepare(pool: Pool, host: Host, log: Log) -> None:
    """Start the process of a check that is to come."""
    pool.prepare(interpreters.main(), proof.SERVICE, host, log, _ROLE)


def check(
    file: Path,
    proven: Mapping[str, str],
    listed: Iterable[File],
    cases: Sequence[dict[str, Any]],
    settings: Settings,
    host: Host,
    pool: Pool,
    log: Log,
) -> Check:
    """A check by the first of the cases, in a process that never saw the file elsewhere.

    Raises SurroundingsError where something else lies there than was proven.
    """
    manifest = {entry.path: entry.sha256 for entry in listed}
    for name, digest in proven.items():
        if manifest.get(name or file.name) != digest:
            raise _changed(f"{name or file.name} has another hash than when it was proven")
    limits = {"dtype": settings.dtype, "atol": settings.atol, "rtol": settings.rtol}
    with log.group("Prove the finished bundle"):
        try:
            with pool.lent(interpreters.main(), proof.SERVICE, host, log, _ROLE) as worker:
                worker.call("open", file=str(file), threads=settings.threads or 1)
                worker.call("survey", cases=list(cases), **limits)
                again = Case.model_validate(worker.call("compare", case=cases[0]))
                worker.reusable = True
        except WorkerFailure as failure:
            raise _changed(failure.cause) from failure
    if not again.passed:
        raise _changed(f"{file.name} gives other answers at {again.shape} than when it was proven")
    return Check(
        name="bundle",
        passed=True,
        detail=f"the delivered file has the proven one's hash, and its answers at {again.shape}",
    )


def _changed(why: str) -> SurroundingsError:
    return SurroundingsError(
        f"What lies in the output folder is not what was proven: {why}.",
        "Something else writes into the folder, or the disk is faulty: run again with an `output-dir` of its own.",
    )
