"""The proof of an export of several files: each on its own cases, then a text that they write together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from onnx_export_action.log import Log
from onnx_export_action.records import Axis, Check, Validation
from onnx_export_action.settings import Settings
from onnx_export_action.validation import proof, written
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers.client import Worker, WorkerFailure

Said = Sequence[dict[str, Any]]


def prove(
    worker: Worker, parts: dict[Path, Evidence], said: Said, opset: int, settings: Settings, threads: int, log: Log
) -> Proof:
    """One proof of all files, the first of which is the main one: its graph is the report's."""
    proofs: dict[str, Proof] = {}
    for file, evidence in parts.items():
        log.line(file.name)
        proofs[file.stem] = proof.prove(worker, file, opset, evidence, settings, threads, log)
    checks = [*_checks(proofs), _generation(worker, list(parts), said, threads, log)]
    validations = [each.validation for each in proofs.values()]
    main = next(iter(proofs.values()))
    together = Validation(
        reference=main.validation.reference,
        provider=main.validation.provider,
        optimisation=main.validation.optimisation,
        checks=tuple(checks),
        cases=tuple(case for validation in validations for case in validation.cases),
        notes=tuple(dict.fromkeys(note for validation in validations for note in validation.notes)),
        fixings=tuple(fixing for validation in validations for fixing in validation.fixings),
        dynamic_axes=tuple(axis for name, each in proofs.items() for axis in _axes(name, each.validation)),
    )
    return replace(main, validation=together)


def _checks(proofs: dict[str, Proof]) -> list[Check]:
    """A row for each check, with what it says of every file, or of those that it refuses."""
    found: dict[str, list[tuple[str, Check]]] = {}
    for name, each in proofs.items():
        for check in each.validation.checks:
            found.setdefault(check.name, []).append((name, check))
    return [_one(name, rows) for name, rows in found.items()]


def _one(name: str, rows: list[tuple[str, Check]]) -> Check:
    failed = [row for row in rows if not row[1].passed]
    told = "; ".join(f"{part}: {check.detail}" for part, check in failed or rows)
    return Check(name=name, passed=not failed, detail=told)


def _axes(name: str, validation: Validation) -> tuple[Axis, ...]:
    return tuple(axis.model_copy(update={"input": f"{name}: {axis.input}"}) for axis in validation.dynamic_axes)


def _generation(worker: Worker, files: list[Path], said: Said, threads: int, log: Log) -> Check:
    named = {file.stem: str(file) for file in files}
    try:
        followed = [(each, worker.call("generate_together", files=named, threads=threads, said=each)) for each in said]
        check = written.check(followed)
    except WorkerFailure as failure:
        check = Check(name="generation", passed=False, detail=failure.cause[:500])
    log.line(f"{'✓' if check.passed else '✗'} {check.name}: {check.detail}")
    return check
