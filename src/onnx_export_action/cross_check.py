"""`cross-check: true`: the other transformers answers the same inputs, and the report says how far apart they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from onnx_export_action import output
from onnx_export_action.exporters import attempt
from onnx_export_action.making import Made
from onnx_export_action.records import Case, Check, Model
from onnx_export_action.stage import Stage
from onnx_export_action.validation import proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Worker, WorkerFailure


def hold(stage: Stage, model: Model, made: Made) -> Made:
    """The proof with one check more where it passed and both interpreters can load the model."""
    validation = stage.progress.validation
    if not stage.settings.cross_check or model.kind != "transformers" or validation is None or not validation.passed:
        return made
    with stage.log.group("Answer with the other transformers"):
        try:
            check = _check(stage, model, made)
        except WorkerFailure as caught:
            failure = attempt.explained(caught)
            stage.log.warning(f"The cross-check could not be made: {failure.cause}")
            return made
        stage.log.line(f"{'✓' if check.passed else '✗'} {check.detail}")
    stage.progress.validation = validation.model_copy(update={"checks": (*validation.checks, check)})
    if check.passed:
        return made
    return replace(made, file=made.file.rename(made.file.with_name(output.FAILED_MODEL)), promised=None)


def _check(stage: Stage, model: Model, made: Made) -> Check:
    folder = attempt.folder(stage.work, "cross-check", stage.host)
    files = [case["file"] for case in made.cases]
    with attempt.start(_other_route(stage), stage.host, stage.log) as worker:
        loaded = attempt.load(worker, model, stage.settings, stage.threads, stage.work)
        answered = worker.call("answer_again", cases=files, folder=str(folder))
    with Worker(interpreters.main(), proof.SERVICE, stage.host, stage.log) as judge:
        judge.call("survey", **proof.surveyed(made.cases, stage.settings))
        cases = [_compared(judge, case, file) for case, file in zip(made.cases, answered, strict=True)]
    worst = max(cases, key=lambda case: (not case.passed, case.max_abs_diff or 0.0))
    first, other = stage.progress.export.reference if stage.progress.export else "", _versions(loaded)
    apart = f"at most {worst.max_abs_diff:.3g} apart" if worst.max_abs_diff is not None else "not comparable"
    detail = f"{other} and {first}: {apart} in {len(cases)} cases, {worst.shape}"
    return Check(name="cross-check", passed=worst.passed, detail=detail)


def _compared(judge: Worker, case: dict[str, Any], file: str) -> Case:
    return Case.model_validate(judge.call("cross", case=case, answered=file))


def _other_route(stage: Stage) -> str:
    """A route of the interpreter that did not give the reference."""
    reference = (stage.progress.export.reference if stage.progress.export else None) or ""
    ours = f"transformers {stage.progress.environment.versions['transformers']}"
    return "optimum" if ours in reference else "torch"


def _versions(loaded: dict[str, Any]) -> str:
    return f"transformers {loaded['versions']['transformers']}"
