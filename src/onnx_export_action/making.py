"""The proven file: by the ladder, or taken over from the baseline where nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnx_export_action import merging, output
from onnx_export_action.baseline import reuse
from onnx_export_action.baseline.found import Found
from onnx_export_action.climb import Climbed, Ladder
from onnx_export_action.exporters import prepared
from onnx_export_action.records import Export, Model, NoBase, Report
from onnx_export_action.stage import Stage
from onnx_export_action.validation import delivered, proof
from onnx_export_action.validation.delivered import Promise
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Worker


@dataclass(frozen=True)
class Made:
    """The file in the bundle, the cases that it was held to, and the worker that still holds the model, if any."""

    file: Path
    cases: tuple[dict[str, Any], ...] = ()
    model_worker: Worker | None = None
    promised: Promise | None = None  # what it has to be where it is delivered, if it was proven
    beside: Mapping[Path, tuple[dict[str, Any], ...]] = field(default_factory=dict)  # other files with their cases

    @property
    def files(self) -> dict[Path, tuple[dict[str, Any], ...]]:
        """Every file with its cases, the main one first."""
        return {self.file: self.cases, **self.beside}


def expect(stage: Stage, report: Report) -> None:
    """The report of a baseline has come, and its files will: whoever looks at them begins, or whoever exports."""
    if reuse.is_same(report, stage.progress.fingerprint, stage.settings):
        stage.pool.prepare(interpreters.main(), proof.SERVICE, stage.host, stage.log)
    elif stage.progress.model is not None and stage.progress.model.kind == "transformers":
        prepared.prepare(stage.settings, stage.host, stage.pool, stage.log)


def take(stage: Stage, model: Model, found: Found | NoBase) -> Made | None:
    """The baseline's own file with all that its run found out; None where something has changed."""
    if isinstance(found, NoBase):
        return None  # and nobody has to wait for the fingerprint
    progress = stage.progress
    taken = reuse.take(found, progress.fingerprint, model, stage.settings, stage.host, stage.log, stage.pool)
    if taken is None:
        return None
    progress.model, progress.export, progress.graph = taken.model, taken.export, taken.graph
    progress.validation, progress.benchmark = taken.validation, taken.benchmark
    progress.variants, progress.environment = taken.variants, taken.environment
    return Made(taken.file)


def export(stage: Stage, model: Model, stack: ExitStack) -> Made:
    """Climb the ladder; the model's worker lives as long as `stack`."""
    given = (stage.settings, model, stage.host, stage.threads, stage.work, stage.log, stage.pool)
    ladder = Ladder(*given, stage.old_runtime)
    try:
        climbed = ladder.climb(stack)
    finally:
        stage.progress.export = Export(attempts=tuple(ladder.attempts))
        output.keep_tracebacks(stage.settings.output_path, ladder.tracebacks)
    _note(stage, model, climbed)
    merging.merge(stage, climbed.exported)
    passed = stage.progress.validation is not None and stage.progress.validation.passed
    exported = climbed.exported
    promised = delivered.promise(exported.file, climbed.proof, exported.file.parent.glob("*.onnx*"))
    file = output.take_model(exported.file, stage.settings.output_path, passed)
    beside = {output.place_of(exported.file_of(part), file.parent, passed): part.cases for part in exported.others}
    return Made(file, exported.cases, climbed.model_worker, promised, beside)


def _note(stage: Stage, model: Model, climbed: Climbed) -> None:
    proven, progress = climbed.proof, stage.progress
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
