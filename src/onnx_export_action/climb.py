"""Climb the ladder: export by one route after the other until a file is proven, and keep every attempt."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from onnx_export_action import hashing
from onnx_export_action.errors import ExportError, RunError
from onnx_export_action.exporters import attempt, diagnosis, ladder, locating, optimum_index, prepared
from onnx_export_action.exporters.attempt import Answered, Exported
from onnx_export_action.exporters.axes import Scope, of_images
from onnx_export_action.exporters.samples import judging
from onnx_export_action.log import Log
from onnx_export_action.records import Attempt, Model, Validation
from onnx_export_action.settings import Settings
from onnx_export_action.sources import capacity
from onnx_export_action.validation import old_runtime, proof, together
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from onnx_export_action.workers.pool import Pool

_SHORT = 240  # letters of a cause that stands in a table's cell
_FOR: dict[Scope, str] = {
    "any size": "",
    "one size": " for images of one size",
    "one image": " for one image of one size",
}


@dataclass(frozen=True)
class Climbed:
    """The file to go on with: the first that was proven, else the first that was written."""

    exporter: str
    exported: Exported
    proof: Proof
    model_worker: Worker | None


class Ladder:
    """The attempts of one run; `attempts` are readable after a failure too."""

    def __init__(
        self,
        settings: Settings,
        model: Model,
        host: Host,
        threads: int,
        work: Path,
        log: Log,
        pool: Pool,
        old_runtime: Path | None = None,
    ) -> None:
        self._settings, self._model, self._host, self._threads = settings, model, host, threads
        self._work, self._log, self._pool, self._old_runtime = work, log, pool, old_runtime
        self._images: set[Scope] = {"any size"}  # what files for this model may be asked to take
        self.attempts: list[Attempt] = []
        self.tracebacks: dict[str, str] = {}

    def climb(self, stack: ExitStack) -> Climbed:
        """The first proven file; its worker stays alive in `stack`, with the model loaded, for the benchmark."""
        optimum_types = optimum_index.model_types(interpreters.optimum())
        rungs, skipped = ladder.rungs(self._settings, self._model, self._host.memory_bytes, optimum_types)
        for rung in skipped:
            self._log.line(f"{rung.exporter} is left out: {rung.reason}")
        unproven: Climbed | None = None
        failures: list[WorkerFailure] = []
        for exporter, scope in ladder.tries(rungs):
            if scope not in self._images:
                continue
            try:
                climbed = self._try(exporter, scope, stack)
            except WorkerFailure as failure:
                failures.append(failure)
                if failure.kind == "usage" and exporter != "optimum" and scope == "any size":
                    raise failure.as_run_error() from failure  # no other route can read this model either
                continue
            if climbed.proof.validation.passed:
                return climbed
            unproven = unproven or climbed
        if unproven is not None:
            return unproven
        raise self._nothing_worked(failures)

    def _try(self, exporter: str, scope: Scope, outer: ExitStack) -> Climbed:
        start = time.monotonic()
        title = f"Export with {exporter}{_FOR[scope]}"
        with self._log.group(title), ExitStack() as own:
            worker: Worker | None = None
            try:
                worker = own.enter_context(attempt.lent(self._pool, exporter, self._host, self._log))
                climbed = self._export_and_prove(exporter, scope, worker)
            except WorkerFailure as failure:
                known = attempt.explained(failure)
                self._record(exporter, start, worker, known)
                raise known from failure
            passed = climbed.proof.validation.passed
            self._record(exporter, start, worker, None if passed else self._not_proven(climbed.proof))
            for warning in climbed.exported.warnings:
                self._log.warning(warning)
            if passed and self._settings.benchmark_seconds > 0:
                outer.push(own.pop_all())
        return climbed

    def _export_and_prove(self, exporter: str, scope: Scope, worker: Worker) -> Climbed:
        folder = attempt.folder(self._work, exporter + _FOR[scope].replace(" ", "-"), self._host)
        attempt.folder(folder, "onnx", self._host)
        worker.wake()  # others that import beside it would hold it up
        # Started now, so that it has imported its libraries by the time there is a file to prove.
        with self._pool.lent(interpreters.main(), proof.SERVICE, self._host, self._log, again=True) as validator:
            opset = ladder.opset_for(self._settings)
            loaded = attempt.load(worker, self._model, self._settings, self._threads, self._work, scope)
            ahead = attempt.to_write(exporter, opset, folder) if self._may_be_early(exporter) else None
            if ahead is not None:
                validator.ahead("foresee", **proof.to_open(Path(ahead["file"]), self._threads))
            given = (worker, loaded, self._model, self._settings, folder, self._log, ahead)
            answered = attempt.answer_loaded(
                *given, told=lambda cases: validator.ahead("survey", **proof.surveyed(cases, self._settings))
            )
            self._images |= self._scopes(loaded, answered)
            exported = attempt.write(worker, answered, exporter, opset, folder)
            # While it is proven; a hash from before the proof finds a file that changes in it, too.
            hashing.begin(sorted(exported.file.parent.glob("*.onnx*")))
            proven = self._prove(validator, worker, exported, opset, self._why_one_size(scope))
            place = (worker, validator, exported.file, exported.cases, self._settings.dtype, self._log)
            proven = replace(proven, validation=locating.located(proven.validation, *place))
            proven = replace(proven, validation=self._with_samples(proven.validation, worker, validator, exported))
            worker.reusable = validator.reusable = proven.validation.passed and exporter in ladder.LEAVES_NOTHING
        return Climbed(exporter, exported, proven, worker)

    def _may_be_early(self, exporter: str) -> bool:
        """Whether a file may be begun in a fork of its worker.

        Not where somebody's code may have started threads, nor where two that read the weights have to read them from
        the disk again and again.
        """
        plain = self._model.kind == "transformers" and not prepared.is_foreign(self._settings)
        fits = self._model.weight_bytes < capacity.available_memory()
        return plain and fits and exporter in ladder.IN_A_FORK

    def _with_samples(self, proven: Validation, worker: Worker, validator: Worker, exported: Exported) -> Validation:
        parts = {part.name: exported.file_of(part) for part in (exported, *exported.others)} if exported.others else {}
        given = (exported.real_inputs, parts, self._settings.samples or "")
        return judging.judged(proven, worker, validator, *given, self._threads, self._log)

    def _scopes(self, loaded: Any, answered: Answered) -> set[Scope]:
        """For fewer images than all, where the model has answered to images of several sizes, or can see at all."""
        found: set[Scope] = {"one image"} if loaded.get("fixable") else set()
        if self._model.kind == "transformers" and of_images(answered.axes):
            found.add("one size")
        return found

    def _why_one_size(self, scope: Scope) -> str:
        """What came of asking for images of any size."""
        if scope != "one size":
            return "the export does not"
        first = self.attempts[0]
        said = diagnosis.first_sentence(first.cause or "", _SHORT)
        return f"but no route wrote a file for any size; {first.exporter}: {said}"

    def _prove(self, validator: Worker, worker: Worker, exported: Exported, opset: int, one_size: str) -> Proof:
        parts = self._evidence(exported, worker, one_size)
        try:
            proven = self._prove_all(validator, parts, exported, opset)
        except WorkerFailure as failure:
            raise _unreadable(failure) from failure
        for file, evidence in parts.items():
            proven = old_runtime.prove(self._old_runtime, proven, file, evidence, self._settings, self._host, self._log)
        return proven

    def _evidence(self, exported: Exported, worker: Worker, one_size: str) -> dict[Path, Evidence]:
        """What each file is held against, the main one first; one of several writes no text alone."""
        texts, folder = () if exported.others else exported.generations, exported.file.parents[1]
        return {
            exported.file_of(part): Evidence(
                part.cases,
                part.axes,
                self._model.framework,
                texts,
                exported.notes,
                part.refused,
                exported.exported_with.get(part.name, {}),
                part.tables,
                partial(attempt.every_token, worker, part, folder),
                one_size,
            )
            for part in (exported, *exported.others)
        }

    def _prove_all(self, validator: Worker, parts: dict[Path, Evidence], exported: Exported, opset: int) -> Proof:
        if exported.others:
            said = exported.generations
            return together.prove(validator, parts, said, opset, self._settings, self._threads, self._log)
        evidence = parts[exported.file]
        return proof.prove(validator, exported.file, opset, evidence, self._settings, self._threads, self._log)

    def _not_proven(self, proven: Proof) -> WorkerFailure:
        promised = ladder.opset_for(self._settings)
        kept = proven.opset == promised
        hint = "" if kept else f"Opset {promised} is written by: {', '.join(ladder.writers(promised))}."
        cause = f"The file failed validation: {proof.summary_of_failure(proven.validation)}"
        return WorkerFailure(cause, hint, "route")

    def _record(self, exporter: str, start: float, worker: Worker | None, failure: WorkerFailure | None) -> None:
        cause = diagnosis.first_sentence(failure.cause) if failure else None
        self.attempts.append(
            Attempt(
                exporter=exporter,
                ok=failure is None,
                seconds=round(time.monotonic() - start, 3),
                peak_rss_bytes=worker.peak_rss_bytes if worker else None,
                cause=cause,
                hint=(failure.hint or diagnosis.hint(failure.cause)) if failure else None,
            )
        )
        if failure:
            self._log.line(f"✗ {cause}")
            self.tracebacks.setdefault(exporter, failure.traceback or failure.cause)

    def _nothing_worked(self, failures: list[WorkerFailure]) -> RunError:
        if all(failure.kind in ("usage", "surroundings") for failure in failures):
            return failures[0].as_run_error()
        causes = "; ".join(f"{attempt.exporter}: {attempt.cause}" for attempt in self.attempts)
        hints = [attempt.hint for attempt in self.attempts if attempt.hint]
        return ExportError(
            f"No route could export the model. {causes}", hints[0] if hints else "The tracebacks are in `attempts/`."
        )


def _unreadable(failure: WorkerFailure) -> WorkerFailure:
    """A file that cannot even be opened is the route's failure, never the user's."""
    kind = "surroundings" if failure.kind == "surroundings" else "route"
    return WorkerFailure(f"The file failed validation: {failure.cause}", "", kind, failure.traceback)
