"""What is delivered is what was proven: the bundle's file, by its hash and by its answers once it is opened anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.hashing import record_of
from onnx_export_action.log import Log
from onnx_export_action.records import Case, Check, File
from onnx_export_action.validation import proof
from onnx_export_action.validation.proof import Proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from onnx_export_action.workers.pool import Pool


@dataclass(frozen=True)
class Promise:
    """What a proven file has to be where it is delivered."""

    hashes: Mapping[str, str]  # SHA-256 of the file, under no name, of its data and of what was proven beside it
    limits: Mapping[str, Any]  # by output, what its proof held it to


def promise(file: Path, proven: Proof, beside: Iterable[Path] = ()) -> Promise | None:
    """Made where the file was proven, before it is moved; None of one that failed."""
    if not proven.validation.passed:
        return None
    names = {*(proven.graph.external_files if proven.graph else ()), *(path.name for path in beside)} - {file.name}
    hashes = {name: record_of(file.parent / name, name).sha256 for name in sorted(names)}
    return Promise({"": record_of(file, file.name).sha256, **hashes}, proven.limits)


@contextmanager
def opened(file: Path, threads: int, host: Host, pool: Pool, log: Log) -> Iterator[Worker]:
    """A process opens the file from where it lies now, while its hash is looked at once more."""
    with pool.lent(interpreters.main(), proof.SERVICE, host, log) as worker:
        worker.ahead("open", **proof.to_open(file, threads))
        yield worker


def check(
    worker: Worker, file: Path, threads: int, promised: Promise, listed: Iterable[File], case: dict[str, Any]
) -> Check:
    """The file by its hash, and by its answers to one case in the worker that has `opened` it.

    Raises SurroundingsError where something else lies there than was proven.
    """
    manifest = {entry.path: entry.sha256 for entry in listed}
    for name, digest in promised.hashes.items():
        if manifest.get(name or file.name) != digest:
            raise _changed(f"{name or file.name} has another hash than when it was proven")
    try:
        worker.call("open", **proof.to_open(file, threads))
        again = compared_again(worker, promised.limits, case)
    except WorkerFailure as failure:
        raise _changed(failure.cause) from failure
    if not again.passed:
        raise _changed(f"{file.name} gives other answers at {again.shape} than when it was proven")
    worker.reusable = True
    return Check(
        name="bundle",
        passed=True,
        detail=f"the delivered file has the proven one's hash, and its answers at {again.shape}",
    )


def compared_again(worker: Worker, limits: Mapping[str, Any], case: dict[str, Any]) -> Case:
    """A case of the proof in a worker that has opened the file since, held to the proof's limits."""
    worker.call("keep_to", limits=dict(limits))
    return Case.model_validate(worker.call("compare", case=case))


def _changed(why: str) -> SurroundingsError:
    return SurroundingsError(
        f"What lies in the output folder is not what was proven: {why}.",
        "Something else writes into the folder, or the disk is faulty: run again with an `output-dir` of its own.",
    )
