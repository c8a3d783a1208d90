"""`also-check: tensorflow`: the proven file runs in TensorFlow too, and the report says how far its answers are off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from onnx_export_action.exporters import attempt
from onnx_export_action.making import Made
from onnx_export_action.records import Case, Elsewhere, Validation
from onnx_export_action.stage import Stage
from onnx_export_action.validation import proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure

SERVICE = "onnx_export_action.exporters.tensorflow.back"

_NAME = "TensorFlow"
_MOST_SECONDS = 900  # for one file, whatever an attempt may take


def run(stage: Stage, made: Made) -> None:
    """A row for each file, once it is proven; the verdict stays what it is."""
    validation = stage.progress.validation
    if stage.settings.also_check is None or validation is None or not validation.passed or not made.cases:
        return
    with stage.log.group(f"Run it in {_NAME}"):
        found = tuple(_of_file(stage, file, cases, validation) for file, cases in made.files.items())
    stage.progress.validation = validation.model_copy(update={"elsewhere": found})


def _of_file(stage: Stage, file: Path, cases: Sequence[dict[str, Any]], validation: Validation) -> Elsewhere:
    """At the sizes of the first case that the proof ran."""
    shapes = {case.shape for case in validation.cases}
    chosen = next((case for case in cases if case["shape"] in shapes), cases[0])
    runtime = _NAME
    try:
        with Worker(interpreters.tensorflow(), SERVICE, _bounded(stage), stage.log) as worker:
            runtime = worker.call("describe")
            compared = _compared(stage, worker, file, cases, chosen)
    except WorkerFailure as failure:
        stage.log.warning(f"{file.name} could not be run in {_NAME}: {failure.cause.rstrip('.')}.")
        return Elsewhere(runtime=runtime, shape=chosen["shape"], cause=failure.cause)
    if compared.passed:
        stage.log.line(f"✓ {compared.shape}: max difference {compared.max_abs_diff:.2g}")
    else:
        stage.log.warning(f"{file.name} gives other answers in {_NAME} than in ONNX Runtime at {compared.shape}.")
    return Elsewhere(runtime=runtime, shape=compared.shape, case=compared)


def _bounded(stage: Stage) -> Host:
    return replace(stage.host, timeout_seconds=min(stage.host.timeout_seconds, _MOST_SECONDS))


def _compared(
    stage: Stage, worker: Worker, file: Path, cases: Sequence[dict[str, Any]], chosen: dict[str, Any]
) -> Case:
    folder = attempt.folder(stage.work, f"elsewhere-{file.stem}", stage.host)
    fixed, answered = folder / "fixed.onnx", folder / "answers.npz"
    with Worker(interpreters.main(), proof.SERVICE, stage.host, stage.log) as judge:
        judge.call("write_for_one_size", file=str(file), case=chosen, target=str(fixed))
        worker.call("answer", file=str(fixed), case=chosen["file"], target=str(answered))
        judge.call("survey", **proof.surveyed(cases, stage.settings))
        return Case.model_validate(judge.call("cross", case=chosen, answered=str(answered)))
