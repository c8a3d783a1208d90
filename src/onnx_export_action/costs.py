"""What the file costs to run, alone and against the baseline's."""

from __future__ import annotations

from pathlib import Path

from onnx_export_action.benchmark import paired
from onnx_export_action.benchmark.measure import measure
from onnx_export_action.making import Made
from onnx_export_action.records import Paired
from onnx_export_action.stage import Stage
from onnx_export_action.validation import proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Worker, WorkerFailure

# Against a baseline, the ratio is what the reader came for; how long one call takes needs less time.
_SHARE_ALONE = 0.25


def measure_costs(stage: Stage, made: Made, base: Path | None) -> tuple[Paired, ...]:
    """Latency, load time and memory into the report; the ratio to the baseline's file where there is one."""
    seconds = stage.settings.benchmark_seconds
    alone = seconds * _SHARE_ALONE if base is not None else seconds
    _alone(stage, made, alone)
    if made.model_worker is not None:
        made.model_worker.close()  # nothing else may hold the memory and the cores now
    return _against(stage, made, base, seconds - alone) if base is not None else ()


def _alone(stage: Stage, made: Made, seconds: float) -> None:
    model, progress = made.model_worker, stage.progress
    framework = progress.model.framework if progress.model else "pytorch"
    if model is not None:
        model.restart_clock()
    try:
        # A fresh process: the peak memory in the report is ONNX Runtime's, not the proof's.
        with (
            stage.log.group("Benchmark"),
            Worker(interpreters.main(), proof.SERVICE, stage.host, stage.log) as session,
        ):
            assert made.promised is not None, "nothing is measured of a file that failed"
            given = (made.file, made.cases, made.promised.limits, seconds, stage.threads, stage.log)
            progress.benchmark = measure(session, model, *given, framework)
    except WorkerFailure as failure:
        stage.log.warning(f"The benchmark was not finished: {failure.cause}")


def _against(stage: Stage, made: Made, base: Path, seconds: float) -> tuple[Paired, ...]:
    with (
        stage.log.group("Time it against the baseline"),
        Worker(interpreters.main(), paired.SERVICE, stage.host, stage.log) as worker,
    ):
        found = paired.compare(worker, base, made.file, made.cases, seconds, stage.threads, stage.log)
    if isinstance(found, str):
        stage.log.warning(found)
        return ()
    return found
