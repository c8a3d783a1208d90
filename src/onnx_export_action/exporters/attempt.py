"""One rung of the ladder: a worker that loads the model, answers the cases and writes the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.exporters import SERVICE, diagnosis
from onnx_export_action.exporters.axes import Scope
from onnx_export_action.log import Log
from onnx_export_action.records import FRAMEWORKS, Model
from onnx_export_action.settings import Settings
from onnx_export_action.workers import interpreters, packages
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from onnx_export_action.workers.pool import Pool

TENSORFLOW_SERVICE = "onnx_export_action.exporters.tensorflow.service"


@dataclass(frozen=True)
class Part:
    """One file of an export by its name: the cases with the model's answers, and the axes that should be dynamic."""

    name: str
    cases: tuple[dict[str, Any], ...]
    axes: dict[str, dict[int, str]]
    refused: tuple[dict[str, Any], ...]  # sizes that the model itself does not take, with its reasons
    tables: dict[str, Any]  # what token ids look up, where not all of them are among the cases


@dataclass(frozen=True)
class Answered(Part):
    """What the model said, to the main part and to the others where a model is written to several files."""

    architecture: str
    reference: str
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what the cases do not try
    generations: tuple[dict[str, Any], ...] = ()  # texts that the model wrote itself, where it is a decoder
    real_inputs: dict[str, Any] | None = None  # the model's answers to the user's own inputs
    others: tuple[Part, ...] = ()

    def part(self, name: str) -> Part:
        """The part of this name, else the main one."""
        return next((other for other in self.others if other.name == name), self)


@dataclass(frozen=True, kw_only=True)
class Exported(Answered):
    """What the worker left: the main file beside the answers that it is held to, and the others beside that."""

    file: Path
    exported_with: dict[str, dict[str, list[int]]]  # by part: the sizes of the inputs that it was exported with

    def file_of(self, part: Part) -> Path:
        """Where a part lies."""
        return self.file.with_name(f"{part.name}.onnx")


def interpreter_of(exporter: str) -> Path:
    """The interpreter that holds a route's libraries."""
    others = {"optimum": interpreters.optimum, "tensorflow": interpreters.tensorflow}
    return others.get(exporter, interpreters.main)()


def start(exporter: str, host: Host, log: Log) -> Worker:
    """A worker for this route; raises WorkerFailure when its interpreter is not installed."""
    return Worker(*_kind_of(exporter), host, log)


def lent(pool: Pool, exporter: str, host: Host, log: Log) -> AbstractContextManager[Worker]:
    """The same, from those that a pool keeps where it has one."""
    return pool.lent(*_kind_of(exporter), host, log)


def required(exporter: str) -> Path:
    """The interpreter of a route; raises WorkerFailure when it is not installed."""
    try:
        return interpreters.require(interpreter_of(exporter))
    except SurroundingsError as error:
        raise WorkerFailure(error.message, error.remedy, error.kind) from error


def _kind_of(exporter: str) -> tuple[Path, str]:
    return required(exporter), TENSORFLOW_SERVICE if exporter == "tensorflow" else SERVICE


def folder(work: Path, name: str, host: Host) -> Path:
    """A folder that a worker may write."""
    made = work / name
    made.mkdir()
    if host.user is not None:
        os.chown(made, host.user, host.user)
    return made


def load(worker: Worker, model: Model, settings: Settings, threads: int, work: Path, scope: Scope = "one size") -> Any:
    """Let the worker load the model; tells its class and the versions that it runs with.

    `scope` is what images the file is asked to take, where the model is a checkpoint that sees.
    """
    common = {"kind": model.kind, "path": model.path, "task": model.task, "dtype": settings.dtype, "threads": threads}
    if model.kind == "transformers":
        return worker.call("load", trust_remote_code=settings.trust_remote_code, scope=scope, **common)
    given = settings.workspace / settings.example_inputs if settings.example_inputs else None
    own = {
        "entry": model.entry,
        "examples_file": str(given.resolve()) if given else None,
        "packages": packages.installed_in(work),
        "workspace": str(settings.workspace.resolve()),
        "trusted": settings.trust_remote_code,
    }
    try:
        return worker.call("load", **common, **own)
    except WorkerFailure as failure:
        # Their code or file does the same on every route, so this ends the run; but for what the machine lacks.
        kind = "surroundings" if failure.kind == "surroundings" else "usage"
        hint = failure.hint or f"Look at {model.id}; the traceback is kept in `attempts/`."
        raise WorkerFailure(f"{model.id} cannot be loaded: {failure.cause}", hint, kind, failure.traceback) from failure


def answer(worker: Worker, model: Model, settings: Settings, threads: int, folder: Path, log: Log) -> Answered:
    """Let the worker load the model and answer every case of the proof; raises WorkerFailure where it cannot."""
    return answer_loaded(worker, load(worker, model, settings, threads, folder.parent), model, settings, folder, log)


def answer_loaded(
    worker: Worker,
    loaded: Any,
    model: Model,
    settings: Settings,
    folder: Path,
    log: Log,
    ahead: dict[str, Any] | None = None,
    told: Callable[[Sequence[dict[str, Any]]], None] | None = None,
) -> Answered:
    """The same with a model that is loaded; `ahead` is what the worker will be asked to write, if it may begin it.

    `told` hears of the cases of a single part before the model goes on to write texts.
    """
    log.line(f"loaded {loaded['architecture']}")
    sizes = {"batch_sizes": settings.batch_sizes, "sequence_lengths": settings.sequence_lengths}
    more = {"ahead": ahead} if ahead is not None else {}
    answered = worker.call("answer", folder=str(folder), **sizes, **more)
    log.line(f"answered {len(answered['cases'])} cases with {FRAMEWORKS[model.framework]}")
    versions = ", ".join(f"{name} {version}" for name, version in loaded["versions"].items())
    main, others = _part(answered), tuple(_part(other) for other in answered.get("others", ()))
    if told is not None and not others:
        told(main.cases)
    texts = worker.call("write_texts", folder=str(folder))
    return Answered(
        main.name,
        main.cases,
        main.axes,
        main.refused,
        main.tables,
        loaded["architecture"],
        versions,
        tuple(answered["warnings"]),
        tuple(texts["notes"]),
        tuple(texts["generations"]),
        _answer_samples(worker, settings, folder, log),
        others,
    )


def _answer_samples(worker: Worker, settings: Settings, folder: Path, log: Log) -> dict[str, Any] | None:
    """The user's own inputs in batches of the greatest size that is asked for."""
    if settings.samples_path is None:
        return None
    answered: dict[str, Any] = worker.call(
        "answer_samples",
        path=str(settings.samples_path),
        folder=str(folder),
        rows=max(settings.batch_sizes),
        trust_remote_code=settings.trust_remote_code,
    )
    log.line(f"answered {sum(len(batch['samples']) for batch in answered['batches'])} samples with PyTorch")
    return answered


def every_token(worker: Worker, part: Part, folder: Path) -> dict[str, Any]:
    """The case of the whole vocabulary, and what it leaves out; the worker has answered the others."""
    asked: dict[str, Any] = worker.call("answer_every_token", part=part.name, folder=str(folder))
    return asked


def export(
    worker: Worker, exporter: str, opset: int, model: Model, settings: Settings, threads: int, folder: Path, log: Log
) -> Exported:
    """Ask the worker for everything, one step after the other; raises WorkerFailure at the first that fails."""
    return write(worker, answer(worker, model, settings, threads, folder, log), exporter, opset, folder)


def write(worker: Worker, answered: Answered, exporter: str, opset: int, folder: Path) -> Exported:
    """Let the worker that has answered write the file; raises WorkerFailure where it cannot."""
    asked = to_write(exporter, opset, folder, answered.name)
    file, exported_with = Path(asked["file"]), worker.call("export", **asked)
    return Exported(**vars(answered), file=file, exported_with=exported_with or {})


def to_write(exporter: str, opset: int, folder: Path, name: str = "model") -> dict[str, Any]:
    """What a worker is asked for that is to write a file of this name."""
    return {"exporter": exporter, "opset": opset, "file": str(folder / "onnx" / f"{name}.onnx")}


def explained(failure: WorkerFailure) -> WorkerFailure:
    """A library's error as a cause and a remedy; what the worker itself could name is left as it is."""
    if failure.kind != "unknown":
        return failure
    found = diagnosis.diagnose(failure.cause, failure.traceback)
    return WorkerFailure(found.cause, failure.hint or found.remedy, found.kind, failure.traceback or failure.cause)


def _part(answered: dict[str, Any]) -> Part:
    axes = {name: {int(axis): label for axis, label in labels.items()} for name, labels in answered["axes"].items()}
    refused, tables = tuple(answered.get("refused", ())), answered.get("tables", {})
    return Part(answered.get("name", "model"), tuple(answered["cases"]), axes, refused, tables)
