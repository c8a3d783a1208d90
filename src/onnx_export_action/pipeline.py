"""The stages in order: source, baseline, export and proof, variants, bundle, costs, comparison, gates."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action import (
    against_base,
    also_check,
    bundle,
    costs,
    cross_check,
    environment,
    making,
    output,
    ready,
    sources,
)
from onnx_export_action.baseline.find import find
from onnx_export_action.baseline.found import Found
from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.exporters import attempt
from onnx_export_action.github.context import Context
from onnx_export_action.log import Log, Remembering
from onnx_export_action.making import Made
from onnx_export_action.progress import Progress
from onnx_export_action.records import Model, NoBase, Paired
from onnx_export_action.settings import Settings
from onnx_export_action.sources import capacity, onnx_file
from onnx_export_action.stage import Stage
from onnx_export_action.validation import delivered, old_runtime
from onnx_export_action.variants.workshop import Workshop
from onnx_export_action.workers import access, first_need, interpreters, packages
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool


@dataclass(frozen=True)
class Edges:
    """What a run touches outside itself, built once in main."""

    environment: dict[str, str]
    context: Context
    hub_endpoint: str
    cache: Path
    worker_user: int | None
    log: Log
    pool: Pool


def run(settings: Settings, edges: Edges, progress: Progress) -> None:
    """All stages; raises RunError where one cannot go on, with `progress` filled up to there."""
    folder, log = settings.output_path, Remembering(edges.log, progress.warnings)
    file = onnx_file.named(settings)
    output.prepare(folder)
    _prepare_worker(settings, edges, log)
    with log.group("Read the model"):
        model = progress.model = sources.resolve(settings, hub_endpoint=edges.hub_endpoint, cache=edges.cache, log=log)
        if file is not None and model.kind == "onnx":
            raise UsageError(
                "onnx-file: the model is an .onnx too.", "Give as `model` the folder or the Hub id that the file is of."
            )
    if model.framework == "tensorflow":
        first_need.tensorflow(edges.environment, log)
    elif settings.also_check is not None:
        first_need.tensorflow(edges.environment, log, needed_by="`also-check`")
    read = (*sources.read_by_workers(model, settings), *([file] if file else []))
    pool = _pool_for(model, settings, edges.pool)
    user = access.user_for(edges.worker_user, *read, folder)
    host = Host(settings.timeout, int(0.95 * capacity.available_memory()), user, edges.environment)
    threads = settings.threads or environment.usable_cores()
    with output.work_folder(folder, user) as unfinished, ExitStack() as stack:
        if pool is not edges.pool:
            stack.enter_context(pool)
        old = old_runtime.install(settings, unfinished.ours / "runtime", edges.environment, log)
        stage = Stage(settings, host, threads, unfinished.workers, log, progress, pool, old)
        found = find(settings, model, edges.context, unfinished.ours / "baseline", log)
        if settings.mode == "compare" and isinstance(found, NoBase):
            raise UsageError(found.reason, found.remedy or "`compare` needs a base that it can read.")
        made = making.take(stage, model, found) or _make(stage, model, file, stack)
        bundle.copy_companions(model, folder)
        progress.files = bundle.write_manifest(folder)
        _check_delivered(stage, made)
        latency = _costs(stage, made, found)
        progress.comparison = against_base.judge(stage, made, found, latency)


def _prepare_worker(settings: Settings, edges: Edges, log: Log) -> None:
    """The exporter of most models imports its libraries while the model is read and hashed."""
    checkpoint = not _is_foreign(settings) and not settings.model.partition(":")[0].endswith(sources.ONE_FILE)
    if settings.mode == "run" and checkpoint and settings.exporter not in ("optimum", "tensorflow"):
        host = Host(settings.timeout, capacity.available_memory(), edges.worker_user, edges.environment)
        edges.pool.prepare(interpreters.main(), attempt.SERVICE, host, log)


def _pool_for(model: Model, settings: Settings, shared: Pool) -> Pool:
    """The job's for a checkpoint alone: whatever else a worker loads may be somebody's code, and it is never kept."""
    if capacity.export_memory_bytes(model) > capacity.available_memory():
        shared.end_idle()  # a large model has a use for the memory, and its imports are the least of it
    if not _is_foreign(settings) and model.kind == "transformers":
        return shared
    shared.end_prepared()
    return Pool()


def _is_foreign(settings: Settings) -> bool:
    return settings.trust_remote_code or settings.requirements is not None or settings.onnx_file is not None


def _make(stage: Stage, model: Model, file: Path | None, stack: ExitStack) -> Made:
    if stage.settings.requirements is not None:
        with stage.log.group("Install what the model needs"):
            needed = stage.settings.workspace / stage.settings.requirements
            packages.install(needed.resolve(), stage.work, stage.host, stage.log)
    if model.kind == "onnx":
        made = ready.alone(stage, model)
    elif file is not None:
        capacity.check_memory(model, capacity.available_memory())
        made = ready.against_model(stage, model, file, stack)
    else:
        capacity.check_disk(stage.settings.output_path, capacity.export_disk_bytes(model), f"the export of {model.id}")
        capacity.check_memory(model, capacity.available_memory())
        made = making.export(stage, model, stack)
    made = cross_check.hold(stage, model, made)
    also_check.run(stage, made)
    validation = stage.progress.validation
    if validation is not None and validation.passed:
        _make_variants(stage, made)
    return made


def _check_delivered(stage: Stage, made: Made) -> None:
    """A proven file once more, from its last place; one that was taken over was checked when it was placed."""
    validation = stage.progress.validation
    if validation is None or not validation.passed or not made.proven:
        return
    shapes = {case.shape for case in validation.cases}
    # All set the limits; the first is one that the file takes.
    cases = sorted(made.cases, key=lambda case: case["shape"] not in shapes)
    listed = stage.progress.files
    try:
        given = (stage.settings, stage.host, stage.pool, stage.log)
        check = delivered.check(made.file, made.proven, listed, cases, *given)
    except SurroundingsError:
        made.file.rename(made.file.with_name(output.FAILED_MODEL))
        raise
    stage.progress.validation = validation.model_copy(update={"checks": (*validation.checks, check)})


def _costs(stage: Stage, made: Made, found: Found | NoBase) -> tuple[Paired, ...]:
    """Nothing is measured of a file that failed, nor again of one that was taken over with its figures."""
    progress = stage.progress
    if progress.validation is None or not progress.validation.passed or not made.cases:
        return ()
    if stage.settings.benchmark_seconds == 0:
        return ()
    changed = isinstance(found, Found) and not against_base.is_same(found, progress.report())
    return costs.measure_costs(stage, made, found.file if isinstance(found, Found) and changed else None)


def _make_variants(stage: Stage, made: Made) -> None:
    """More files from the proven one; one that cannot be made is a row of the report, and fails nothing."""
    progress, workshop = stage.progress, Workshop(stage.settings, stage.host, stage.threads, stage.work, stage.log)
    proven = {case.shape for case in progress.validation.cases} if progress.validation else set()
    external = progress.graph.external_files if progress.graph else ()
    cases = [case for case in made.cases if case["shape"] in proven]
    progress.variants = workshop.make_all(made.file, external, cases)
    output.keep_tracebacks(stage.settings.output_path, workshop.tracebacks)
