"""`merged-decoder: true`: decoder and decoder with past once more in one file, proven by both branches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onnx_export_action import tasks
from onnx_export_action.exporters import attempt
from onnx_export_action.exporters.attempt import Exported, Part
from onnx_export_action.records import Case, Check
from onnx_export_action.stage import Stage
from onnx_export_action.validation import proof, written
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Worker, WorkerFailure

SERVICE = "onnx_export_action.exporters.merging"

_NAME = "merged decoder"


def merge(stage: Stage, exported: Exported) -> None:
    """Write it beside the others; a file that was asked for and is not right fails the proof."""
    validation = stage.progress.validation
    if not stage.settings.merged_decoder or validation is None or not validation.passed:
        return
    with stage.log.group("Merge the decoders"):
        try:
            cases, check = _proven(stage, exported, _written(stage, exported))
        except WorkerFailure as caught:
            cases, check = (), Check(name=_NAME, passed=False, detail=attempt.explained(caught).cause[:500])
        stage.log.line(f"{'✓' if check.passed else '✗'} {check.name}: {check.detail}")
    found = {"cases": (*validation.cases, *cases), "checks": (*validation.checks, check)}
    stage.progress.validation = validation.model_copy(update=found)


def _written(stage: Stage, exported: Exported) -> Path:
    folder = attempt.folder(stage.work, tasks.MERGED, stage.host)
    both = {name: str(exported.file_of(exported.part(part))) for name, part in _BRANCHES.items()}
    with Worker(attempt.required("optimum"), SERVICE, stage.host, stage.log) as worker:
        worker.call("merge", **both, file=str(folder / f"{tasks.MERGED}.onnx"))
    for made in folder.iterdir():
        made.rename(exported.file.parent / made.name)
    return exported.file.with_name(f"{tasks.MERGED}.onnx")


_BRANCHES = {"decoder": tasks.DECODER, "step": tasks.STEP}


def _proven(stage: Stage, exported: Exported, file: Path) -> tuple[tuple[Case, ...], Check]:
    """Structure, the cases of both decoders, and a text that encoder and this file write together."""
    opset = stage.progress.export.opset if stage.progress.export else None
    with Worker(interpreters.main(), proof.SERVICE, stage.host, stage.log) as judge:
        seen = judge.call("inspect", file=str(file), opset=opset, runtime=stage.settings.target)
        judge.call("open", file=str(file), threads=stage.threads)
        # The decoder last: the text is held to its limits.
        parts = [exported.part(name) for name in (tasks.STEP, tasks.DECODER)]
        cases = tuple(case for part in parts for case in _branch(stage, judge, part))
        wrote = _wrote(stage, judge, exported, file)
    wrong = [f"{check['name']}: {check['detail']}" for check in seen["checks"] if not check["passed"]]
    wrong += [f"wrong at {case.shape}" for case in cases if not case.passed]
    wrong += [] if wrote.passed else [wrote.detail]
    detail = wrong[0] if wrong else f"both branches give the answers in {len(cases)} cases; {wrote.detail}"
    return cases, Check(name=_NAME, passed=not wrong, detail=detail[:500])


def _branch(stage: Stage, judge: Worker, part: Part) -> list[Case]:
    judge.call("survey", **proof.surveyed(part.cases, stage.settings))
    return [_compared(judge, case, part.name) for case in part.cases]


def _compared(judge: Worker, case: dict[str, Any], part: str) -> Case:
    """What this branch answers, which must be all that its decoder does."""
    found = Case.model_validate(judge.call("compare", case=case))
    lacking = sorted(set(case["outputs"]) - {parity.output for parity in found.outputs})
    error = found.error or (f"the file lacks {', '.join(lacking)}" if lacking else "")
    return found.model_copy(update={"error": error, "shape": found.shape.replace(part, tasks.MERGED, 1)})


def _wrote(stage: Stage, judge: Worker, exported: Exported, file: Path) -> Check:
    encoder = exported.file_of(exported.part(tasks.ENCODER))
    files = {tasks.ENCODER: str(encoder), tasks.DECODER: str(file), tasks.STEP: str(file)}
    said = exported.generations
    return written.check(
        [(each, judge.call("generate_together", files=files, threads=stage.threads, said=each)) for each in said]
    )
