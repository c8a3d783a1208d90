"""One rung of the ladder: a worker that loads the model, answers the cases and writes the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.log import Log
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure

SERVICE = "onnx_export_action.exporters.service"


@dataclass(frozen=True)
class Exported:
    """What the worker left: the file, the cases with the model's answers, the axes that should be dynamic."""

    file: Path
    cases: tuple[dict[str, Any], ...]
    axes: dict[str, dict[int, str]]
    architecture: str
    reference: str
    warnings: tuple[str, ...]
    generations: tuple[dict[str, Any], ...] = ()  # texts that the model wrote itself, where it is a decoder


def interpreter_of(exporter: str) -> Path:
    """The interpreter that holds a route's libraries."""
    return interpreters.optimum() if exporter == "optimum" else interpreters.main()


def start(exporter: str, host: Host, log: Log) -> Worker:
    """A worker for this route; raises WorkerFailure when its interpreter is not installed."""
    try:
        interpreter = interpreters.require(interpreter_of(exporter))
    except SurroundingsError as error:
        raise WorkerFailure(error.message, error.remedy, error.kind) from error
    return Worker(interpreter, SERVICE, host, log)


def export(
    worker: Worker, exporter: str, opset: int, model: Model, settings: Settings, threads: int, folder: Path, log: Log
) -> Exported:
    """Ask the worker for everything, one step after the other; raises WorkerFailure at the first that fails."""
    loaded = worker.call(
        "load",
        path=model.path,
        task=model.task,
        dtype=settings.dtype,
        trust_remote_code=settings.trust_remote_code,
        threads=threads,
    )
    log.line(f"loaded {loaded['architecture']}")
    answered = worker.call(
        "answer", folder=str(folder), batch_sizes=settings.batch_sizes, sequence_lengths=settings.sequence_lengths
    )
    log.line(f"answered {len(answered['cases'])} cases with PyTorch")
    file = folder / "onnx" / "model.onnx"
    worker.call("export", exporter=exporter, opset=opset, file=str(file))
    versions = ", ".join(f"{name} {version}" for name, version in loaded["versions"].items())
    axes = {name: {int(axis): label for axis, label in labels.items()} for name, labels in answered["axes"].items()}
    return Exported(
        file,
        tuple(answered["cases"]),
        axes,
        loaded["architecture"],
        versions,
        tuple(loaded["warnings"]),
        tuple(answered.get("generations", ())),
    )
