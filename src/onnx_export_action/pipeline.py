"""The stages in order: source, export and proof, benchmark, bundle."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action import bundle, environment, output, sources
from onnx_export_action.benchmark.measure import measure
from onnx_export_action.climb import Climbed, Ladder
from onnx_export_action.log import Log, Remembering
from onnx_export_action.progress import Progress
from onnx_export_action.records import Benchmark, Export, Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources import capacity
from onnx_export_action.validation import proof
from onnx_export_action.validation.proof import Evidence
from onnx_export_action.variants.workshop import Workshop
from onnx_export_action.workers import access, interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure


@dataclass(frozen=True)
class Edges:
    """What a run touches outside itself, built once in main."""

    environment: dict[str, str]
    hub_endpoint: str
    cache: Path
    worker_user: int | None
    log: Log


@dataclass(frozen=True)
class _Run:
    """What the stages share, so that none of them takes eight parameters."""

    settings: Settings
    host: Host
    threads: int
    work: Path
    log: Log
    progress: Progress


def run(settings: Settings, edges: Edges, progress: Progress) -> None:
    """All stages; raises RunError where one cannot go on, with `progress` filled up to there."""
    folder, log = settings.output_path, Remembering(edges.log, progress.warnings)
    output.prepare(folder)
    with log.group("Read the model"):
        model = progress.model = sources.resolve(settings, hub_endpoint=edges.hub_endpoint, cache=edges.cache, log=log)
        capacity.check_disk(folder, capacity.export_disk_bytes(model), f"the export of {model.id}")
        capacity.check_memory(model, capacity.available_memory())
    user = access.user_for(edges.worker_user, Path(model.path), folder)
    host = Host(settings.timeout, int(0.95 * capacity.available_memory()), user, edges.environment)
    with output.work_folder(folder, user) as work:
        shared = _Run(settings, host, settings.threads or environment.usable_cores(), work, log, progress)
        _check_ready_file(shared, model) if model.kind == "onnx" else _export(shared, model)
    bundle.copy_companions(model, folder)
    progress.files = bundle.write_manifest(folder)


def _export(run: _Run, model: Model) -> None:
    ladder = Ladder(run.settings, model, run.host, run.threads, run.work, run.log)
    with ExitStack() as stack:
        try:
            climbed = ladder.climb(stack)
        finally:
            run.progress.export = Export(attempts=tuple(ladder.attempts))
            output.keep_tracebacks(run.settings.output_path, ladder.tracebacks)
        _note(run, model, climbed)
        passed = climbed.proof.validation.passed
        file = output.take_model(climbed.exported.file, run.settings.output_path, passed)
        if passed and run.settings.benchmark_seconds > 0:
            run.progress.benchmark = _benchmark(run, climbed.model_worker, file, climbed.exported.cases)
    if passed:
        _make_variants(run, file, climbed.exported.cases)


def _note(run: _Run, model: Model, climbed: Climbed) -> None:
    proven, progress = climbed.proof, run.progress
    assert progress.export is not None
    progress.model = model.model_copy(update={"architecture": climbed.exported.architecture})
    progress.validation, progress.graph = proven.validation, proven.graph
    progress.export = progress.export.model_copy(
        update={
            "exporter": climbed.exporter,
            "opset": proven.opset,
            "ir_version": proven.ir_version,
            "reference": climbed.exported.reference,
        }
    )


def _check_ready_file(run: _Run, model: Model) -> None:
    """Validate and measure an .onnx that exists already; nothing is exported."""
    settings, progress, file = run.settings, run.progress, Path(model.path)
    with run.log.group("Validate the file"), Worker(interpreters.main(), proof.SERVICE, run.host, run.log) as validator:
        try:
            made = validator.call("make_cases", file=str(file), folder=str(run.work), threads=run.threads)
            evidence = Evidence(tuple(made), {}, "unoptimised")
            proven = proof.prove(validator, file, settings.opset, evidence, settings, run.threads, run.log)
        except WorkerFailure as failure:
            raise failure.as_run_error() from failure
    progress.validation, progress.graph = proven.validation, proven.graph
    progress.export = Export(opset=proven.opset, ir_version=proven.ir_version)
    copies = run.work / "onnx"
    copies.mkdir()
    for name in proven.graph.external_files if proven.graph else ():
        shutil.copyfile(file.parent / name, copies / name)
    exported = Path(shutil.copyfile(file, copies / "model.onnx"))
    taken = output.take_model(exported, settings.output_path, proven.validation.passed)
    if proven.validation.passed and settings.benchmark_seconds > 0:
        progress.benchmark = _benchmark(run, None, taken, evidence.cases)
    if proven.validation.passed:
        _make_variants(run, taken, evidence.cases)


def _make_variants(run: _Run, file: Path, cases: tuple[dict[str, Any], ...]) -> None:
    """More files from the proven one; one that cannot be made is a row of the report, and fails nothing."""
    validation, graph = run.progress.validation, run.progress.graph
    proven = {case.shape for case in validation.cases} if validation else set()
    workshop = Workshop(run.settings, run.host, run.threads, run.work, run.log)
    run.progress.variants = workshop.make_all(
        file, graph.external_files if graph else (), [case for case in cases if case["shape"] in proven]
    )
    output.keep_tracebacks(run.settings.output_path, workshop.tracebacks)


def _benchmark(
    run: _Run, model_worker: Worker | None, file: Path, cases: tuple[dict[str, object], ...]
) -> Benchmark | None:
    seconds = run.settings.benchmark_seconds
    if model_worker is not None:
        model_worker.restart_clock()
    try:
        # A fresh process: the peak memory in the report is ONNX Runtime's, not the proof's.
        with run.log.group("Benchmark"), Worker(interpreters.main(), proof.SERVICE, run.host, run.log) as session:
            return measure(session, model_worker, file, cases, seconds, run.threads, run.log)
    except WorkerFailure as failure:
        run.log.warning(f"The benchmark was not finished: {failure.cause}")
        return None
