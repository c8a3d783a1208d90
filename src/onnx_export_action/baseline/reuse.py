"""Takes the baseline's proven files where nothing that determines them has changed, and nothing is exported.

A wrong reuse would be a wrong green check. So the files are only those of an artifact that a run of this repository
left, each is read again where it is delivered, and the graph must be the one that was proven.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.baseline.folder import model_of, models_of
from onnx_export_action.baseline.found import Found, Unusable
from onnx_export_action.bundle import whole
from onnx_export_action.hashing import record_of
from onnx_export_action.log import Log
from onnx_export_action.records import (
    Benchmark,
    Check,
    Environment,
    Export,
    Graph,
    Model,
    Report,
    Validation,
    Variant,
)
from onnx_export_action.settings import Settings
from onnx_export_action.validation import proof
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, WorkerFailure
from onnx_export_action.workers.pool import Pool


@dataclass(frozen=True)
class Taken:
    """What a run would have found out for itself, as the baseline's run did."""

    file: Path
    model: Model
    export: Export
    graph: Graph
    validation: Validation
    benchmark: Benchmark | None
    variants: tuple[Variant, ...]
    environment: Environment


def is_same(report: Report, fingerprint: str, settings: Settings) -> bool:
    """Whether an artifact's files will be taken, by its report alone."""
    return not (_not_wanted(fingerprint, settings) or _unlike(report, fingerprint, settings))


def take(
    found: Found, fingerprint: str, model: Model, settings: Settings, host: Host, log: Log, pool: Pool
) -> Taken | None:
    """The baseline's files in the output folder; None, and nothing there, where they cannot be taken. Never raises."""
    if why := why_not(found, fingerprint, settings):
        log.line(f"The baseline's files are not taken: {why}.")
        return None
    with log.group("Take the baseline's files"):
        try:
            return _taken(found, model, settings, host, log, pool)
        except Unusable as unusable:
            log.warning(f"The baseline's files are not taken, and the model is exported: {unusable}")
            return None


def why_not(found: Found, fingerprint: str, settings: Settings) -> str:
    """Why the files must not be taken; empty where they may."""
    if settings.reuse and found.base.kind != "artifact":
        return "only what a run of this repository left is trusted so far"
    if why := _not_wanted(fingerprint, settings):
        return why
    if found.report is None or found.folder is None:
        return "they did not pass"
    return _unlike(found.report, fingerprint, settings)


def _not_wanted(fingerprint: str, settings: Settings) -> str:
    if not settings.reuse:
        return "`reuse` is `false`"
    if not fingerprint:
        return "what determines them is not known for a ready .onnx, or where the model's own code is run"
    return ""


def _unlike(report: Report, fingerprint: str, settings: Settings) -> str:
    if not report.proven or report.export is None:
        return "they did not pass"
    if report.fingerprint != fingerprint:
        return "the model, an input, a library or this program has changed"
    if settings.benchmark_seconds > 0 and report.benchmark is None:
        return "they were not timed"
    return ""


def _taken(found: Found, model: Model, settings: Settings, host: Host, log: Log, pool: Pool) -> Taken:
    report, target = found.report, settings.output_path
    assert report is not None
    assert report.export is not None
    assert report.validation is not None
    placed: list[Path] = []
    try:
        _place(found, report, target, placed)
        with ThreadPoolExecutor(1) as beside:
            reading = beside.submit(_read_again, report, target)
            try:
                graph = _proven_graph(report, target / model_of(report), settings, host, log, pool)
            finally:
                reading.result()  # whose finding goes before ONNX Runtime's
    except BaseException:  # of a run that is cancelled too, nothing stays
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    origin = report.export.reused_from or found.base
    log.line(f"{len(placed)} files, proven and timed at {origin.commit[:7]}; nothing is exported.")
    return Taken(
        file=target / model_of(report),
        model=model.model_copy(update={"architecture": report.model.architecture if report.model else ""}),
        export=report.export.model_copy(update={"attempts": (), "reused_from": origin}),
        graph=graph,
        validation=report.validation,
        benchmark=report.benchmark,
        variants=report.variants,
        environment=report.environment,
    )


def _place(found: Found, report: Report, target: Path, placed: list[Path]) -> None:
    """Each file under both names where the disk can do that: the comparison still reads the baseline's."""
    assert found.folder is not None
    for file in report.files:
        path = target / file.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as draft:
                _link(found.folder / file.path, draft)
            placed.append(path)
        except OSError as error:
            raise Unusable(f"{file.path!r:.100} cannot be placed: {error.strerror}.") from None


def _read_again(report: Report, target: Path) -> None:
    """Each file where it is delivered."""
    for file in report.files:
        try:
            same = record_of(target / file.path, file.path) == file
        except OSError as error:
            raise Unusable(f"{file.path!r:.100} cannot be read again: {error.strerror}.") from None
        if not same:
            raise Unusable(f"{file.path!r:.100} is not the file that was proven.")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, target)


def _proven_graph(report: Report, file: Path, settings: Settings, host: Host, log: Log, pool: Pool) -> Graph:
    """The file's graph as it is read now, once ONNX Runtime has loaded it; its process can do no harm to this one."""
    opset = report.export.opset if report.export else None
    try:
        with pool.lent(interpreters.main(), proof.SERVICE, host, log) as worker:
            seen = worker.call("inspect", file=str(file), opset=opset, runtime=settings.target)
            for name in models_of(report):
                worker.call("load", file=str(file.with_name(name)))
    except WorkerFailure as failure:
        raise Unusable(f"the file cannot be loaded: {failure.cause}") from None
    graph, checks = Graph.model_validate(seen["graph"]), [Check.model_validate(check) for check in seen["checks"]]
    if graph != report.graph or not all(check.passed for check in checks):
        raise Unusable("the file's graph is not the one that was proven.")
    return graph
