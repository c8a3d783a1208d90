"""Make each variant in a worker of its own, hold its answers to its limits, and keep what passes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnx_export_action.benchmark import paired
from onnx_export_action.exporters import diagnosis
from onnx_export_action.log import Log
from onnx_export_action.records import Variant, VariantName
from onnx_export_action.settings import Settings
from onnx_export_action.variants import judgement, kinds
from onnx_export_action.variants.kinds import KINDS
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure

SERVICE = "onnx_export_action.variants.service"
_SESSION = 2.5  # what a session takes at most, over the bytes of its file: weights are laid out anew for the processor


@dataclass(frozen=True)
class Workshop:
    """What making a variant needs; `tracebacks` holds those of the variants that failed."""

    settings: Settings
    host: Host
    threads: int
    work: Path
    log: Log
    tracebacks: dict[str, str] = field(default_factory=dict)

    def make_all(self, exported: Path, external: Sequence[str], cases: Sequence[dict[str, Any]]) -> tuple[Variant, ...]:
        """One row for each variant that the settings name; the files of those that passed lie beside the exported."""
        made = [self._make(name, exported, external, cases) for name in self.settings.variants]
        if self.settings.benchmark_seconds == 0:
            return tuple(made)
        return self._timed(made, exported, external, cases)

    def _make(
        self, name: VariantName, exported: Path, external: Sequence[str], cases: Sequence[dict[str, Any]]
    ) -> Variant:
        start = time.monotonic()
        with self.log.group(f"Variant {name}"):
            folder = self._folder(name, exported, external)
            row = Variant(name=name, seconds=0, limits=kinds.limits_text(name))
            try:
                with Worker(interpreters.main(), SERVICE, self.host, self.log) as worker:
                    row = self._judged(row, worker, folder, exported.name, cases)
            except WorkerFailure as failure:
                row = row.model_copy(update={"cause": diagnosis.first_sentence(failure.cause)})
                self.tracebacks[f"variant-{name}"] = failure.traceback or failure.cause
            for made in row.files:
                (folder / "made" / made).rename(exported.parent / made)
            shutil.rmtree(folder)
            self.log.line(f"✗ {row.cause}" if row.cause else f"✓ {row.path}")
        return row.model_copy(update={"seconds": round(time.monotonic() - start, 3)})

    def _timed(
        self, made: list[Variant], exported: Path, external: Sequence[str], cases: Sequence[dict[str, Any]]
    ) -> tuple[Variant, ...]:
        """All in one run, so that all see the same minute; one by one where memory does not hold so many sessions."""
        files = {f"variant {row.name}": exported.parent / row.path for row in made if row.passed}
        if not files:
            return tuple(made)
        size = sum(each.size_bytes or 0 for each in made) + 2 * _bytes_of(exported, external)
        together = _SESSION * size <= self.host.memory_bytes
        groups = [files] if together else [{name: file} for name, file in files.items()]
        latencies: dict[str, paired.Found] = {}
        with self.log.group("Benchmark of the variants"):
            for group in groups:
                with Worker(interpreters.main(), paired.SERVICE, self.host, self.log) as worker:
                    seconds = self.settings.benchmark_seconds / len(groups)
                    latencies |= paired.together(worker, exported, group, cases, seconds, self.threads, self.log)
        return tuple(self._with(row, latencies.get(f"variant {row.name}")) for row in made)

    def _with(self, row: Variant, latency: paired.Found | None) -> Variant:
        if isinstance(latency, str):
            self.log.warning(f"The variant {row.name} was not timed. {latency}")
        return row.model_copy(update={"latency": latency}) if isinstance(latency, tuple) else row

    def _folder(self, name: str, exported: Path, external: Sequence[str]) -> Path:
        """A folder that the worker may write in, since ONNX Runtime's tools leave drafts beside what they read."""
        folder = self.work / f"variant-{name}"
        for each in (folder, folder / "source", folder / "made"):
            each.mkdir()
            if self.host.user is not None:
                os.chown(each, self.host.user, self.host.user)
        for file in (exported.name, *external):
            os.link(exported.parent / file, folder / "source" / file)  # no copy of the weights
        return folder

    def _judged(
        self, row: Variant, worker: Worker, folder: Path, source: str, cases: Sequence[dict[str, Any]]
    ) -> Variant:
        file = folder / "made" / KINDS[row.name].file
        worker.call("make", name=row.name, source=str(folder / "source" / source), file=str(file))
        outputs, cause = judgement.judge(worker, row.name, file, cases, self.settings, self.threads)
        made = sorted(file.parent.iterdir())
        return row.model_copy(
            update={
                "path": "" if cause else file.name,
                "external_files": tuple(path.name for path in made if path != file and not cause),
                "size_bytes": sum(path.stat().st_size for path in made),
                "outputs": outputs,
                "cause": cause,
            }
        )


def _bytes_of(exported: Path, external: Sequence[str]) -> int:
    return sum((exported.parent / name).stat().st_size for name in (exported.name, *external))
