"""An .onnx that exists already: proven against its model's answers, or, where it has none, against itself."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from onnx_export_action import output
from onnx_export_action.exporters import attempt, ladder, locating
from onnx_export_action.exporters.attempt import Answered
from onnx_export_action.exporters.samples import judging
from onnx_export_action.making import Made
from onnx_export_action.records import Export, Model
from onnx_export_action.sources.names import shown_name
from onnx_export_action.stage import Stage
from onnx_export_action.validation import delivered, old_runtime, proof
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Worker, WorkerFailure


def alone(stage: Stage, model: Model) -> Made:
    """The file against its own run without optimisation; its answers have no model to be held to."""
    file = Path(model.path)
    with stage.log.group("Validate the file"), _validator(stage) as validator:
        try:
            validator.call("receive", file=str(file))
            cases = validator.call("make_cases", file=str(file), folder=str(stage.work), threads=stage.threads)
            evidence = Evidence(tuple(cases), {}, "unoptimised")
            proven = _proven(stage, validator, file, evidence)
        except WorkerFailure as failure:
            raise failure.as_run_error() from failure
    return _keep(stage, file, proven, evidence, Export())


def against_model(stage: Stage, model: Model, file: Path, stack: ExitStack) -> Made:
    """The file against the model's answers; the model's worker lives as long as `stack`, for the benchmark."""
    with stage.log.group("Validate the file"), _validator(stage) as validator:
        try:
            validator.call("receive", file=str(file))
            worker, answered = _answers(stage, model, stack)
            part = answered.part(file.stem)
            texts = () if answered.others else answered.generations  # one file of several writes no text
            more = partial(attempt.every_token, worker, part, Path(part.cases[0]["file"]).parent)
            told = (part.cases, part.axes, model.framework, texts, answered.notes, part.refused)
            evidence = Evidence(*told, tables=part.tables, every_token=more)
            proven = _proven(stage, validator, file, evidence)
            place = (worker, validator, file, answered.cases, stage.settings.dtype, stage.log)
            located = locating.located(proven.validation, *place)
            given = (worker, validator, answered.real_inputs, dict[str, Path](), stage.settings.samples or "")
            proven = replace(proven, validation=judging.judged(located, *given, stage.threads, stage.log))
        except WorkerFailure as failure:
            raise failure.as_run_error() from failure
    if stage.settings.benchmark_seconds == 0:
        worker.close()
    for warning in answered.warnings:
        stage.log.warning(warning)
    stage.progress.model = model.model_copy(update={"architecture": answered.architecture})
    checked = shown_name(file, stage.settings.workspace)
    made = _keep(stage, file, proven, evidence, Export(checked=checked, reference=answered.reference))
    return replace(made, model_worker=worker)


def _proven(stage: Stage, validator: Worker, file: Path, evidence: Evidence) -> Proof:
    settings, log = stage.settings, stage.log
    proven = proof.prove(validator, file, settings.opset, evidence, settings, stage.threads, log)
    return old_runtime.prove(stage.old_runtime, proven, file, evidence, settings, stage.host, log)


def _validator(stage: Stage) -> Worker:
    return Worker(interpreters.main(), proof.SERVICE, stage.host, stage.log)


def _answers(stage: Stage, model: Model, stack: ExitStack) -> tuple[Worker, Answered]:
    """The model's own answers, from the interpreter of the route asked for, else from the first that can load it."""
    asked = stage.settings.exporter
    failures: list[WorkerFailure] = []
    for route in (asked,) if asked != "auto" else ladder.readers(model):
        folder = attempt.folder(stage.work, route, stage.host)
        try:
            worker = stack.enter_context(attempt.start(route, stage.host, stage.log))
            answered = attempt.answer(worker, model, stage.settings, stage.threads, folder, stage.log)
        except WorkerFailure as caught:
            failure = attempt.explained(caught)
            stage.log.line(f"✗ {failure.cause}")
            failures.append(failure)
            if failure.kind == "usage":
                break  # another interpreter would read the folder no better
            continue
        return worker, answered
    raise failures[0]


def _keep(stage: Stage, file: Path, proven: Proof, evidence: Evidence, export: Export) -> Made:
    """What is known of the file into the report, and a copy of it with all its data into the bundle."""
    stage.progress.validation, stage.progress.graph = proven.validation, proven.graph
    stage.progress.export = export.model_copy(update={"opset": proven.opset, "ir_version": proven.ir_version})
    copies = stage.work / "onnx"
    copies.mkdir()
    for name in proven.graph.external_files if proven.graph else ():
        (copies / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.parent / name, copies / name)
    copy = Path(shutil.copyfile(file, copies / "model.onnx"))
    promised = delivered.promise(file, proven)
    kept = output.take_model(copy, stage.settings.output_path, proven.validation.passed)
    return Made(kept, evidence.cases, promised=promised)
