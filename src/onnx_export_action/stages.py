"""The stages behind the source: baseline, export and proof, variants, bundle, costs, comparison, gates."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from onnx_export_action import against_base, also_check, bundle, costs, cross_check, making, output, ready
from onnx_export_action.baseline.find import find
from onnx_export_action.baseline.found import Found
from onnx_export_action.edges import Edges
from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.making import Made
from onnx_export_action.records import Model, NoBase, Paired
from onnx_export_action.sources import capacity
from onnx_export_action.stage import Stage
from onnx_export_action.validation import delivered, old_runtime
from onnx_export_action.variants.workshop import Workshop
from onnx_export_action.workers import packages


def run(stage: Stage, model: Model, file: Path | None, edges: Edges, ours: Path, stack: ExitStack) -> None:
    """All of them; raises RunError where one cannot go on, with `stage.progress` filled up to there."""
    settings, progress = stage.settings, stage.progress
    old = old_runtime.install(settings, ours / "runtime", edges.environment, stage.log)
    stage = replace(stage, old_runtime=old)
    found = find(settings, model, edges.context, ours / "baseline", stage.log, coming=partial(making.expect, stage))
    if settings.mode == "compare" and isinstance(found, NoBase):
        raise UsageError(found.reason, found.remedy or "`compare` needs a base that it can read.")
    made = making.take(stage, model, found) or _make(stage, model, file, stack)
    progress.settle()
    bundle.copy_companions(model, settings.output_path)
    _finish(stage, made)
    latency = _costs(stage, made, found)
    progress.comparison = against_base.judge(stage, made, found, latency)


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


def _finish(stage: Stage, made: Made) -> None:
    """Write the manifest, and prove what was proven once more from its last place.

    A file that was taken over was checked when it was placed.
    """
    progress, folder = stage.progress, stage.settings.output_path
    if made.promised is None or progress.validation is None or not progress.validation.passed:
        progress.files = bundle.write_manifest(folder)
        return
    shapes = {case.shape for case in progress.validation.cases}
    case = next((case for case in made.cases if case["shape"] in shapes), made.cases[0])
    given = (made.file, stage.threads)
    with (
        stage.log.group("Prove the finished bundle"),
        delivered.opened(*given, stage.host, stage.pool, stage.log) as worker,
    ):
        progress.files = bundle.write_manifest(folder)
        try:
            check = delivered.check(worker, *given, made.promised, progress.files, case)
        except SurroundingsError:
            made.file.rename(made.file.with_name(output.FAILED_MODEL))
            raise
    checks = (*progress.validation.checks, check)
    progress.validation = progress.validation.model_copy(update={"checks": checks})


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
