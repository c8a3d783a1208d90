"""The candidate against its base, and what the gates decide by it."""

from __future__ import annotations

from pathlib import Path

from onnx_export_action.baseline.found import Found
from onnx_export_action.comparison import history, together
from onnx_export_action.comparison.compare import SERVICE, Compared, compare, figures
from onnx_export_action.errors import UsageError
from onnx_export_action.gates.decision import decide
from onnx_export_action.hashing import record_of
from onnx_export_action.making import Made
from onnx_export_action.records import Change, Comparison, GraphDiff, Movement, NoBase, Paired, Report
from onnx_export_action.stage import Stage
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Worker, WorkerFailure

_SAME = "The file is the base's own, byte for byte."


def judge(stage: Stage, made: Made, found: Found | NoBase, latency: tuple[Paired, ...]) -> Comparison:
    """Everything that can be compared, with each gate of `fail-on` decided."""
    report, settings = stage.progress.report(), stage.settings
    compared = _compared(stage, made, found, report).model_copy(update={"latency": latency})
    gates = decide(settings.fail_on, report, compared, settings.on_undecided)
    return compared.model_copy(update={"gates": gates})


def is_same(found: Found, report: Report) -> bool:
    """Whether the two files are one, by their hashes: then there is nothing to measure."""
    hashes = {file.sha256 for file in report.main_files}
    if found.report is not None:
        return hashes == {file.sha256 for file in found.report.main_files} != set()
    return found.file is not None and hashes == {record_of(found.file, found.file.name).sha256}


def _compared(stage: Stage, made: Made, found: Found | NoBase, report: Report) -> Comparison:
    before = None if isinstance(found, NoBase) else found.report
    sizes = [sum(file.size_bytes for file in each.main_files) if each else None for each in (before, report)]
    size = Change(name="size", unit="bytes", base=sizes[0], head=sizes[1])
    if isinstance(found, NoBase):
        return Comparison(baseline=found, figures=_figures(stage, made, size))
    comparison = Comparison(
        baseline=found.base,
        size=size,
        figures=_of_reports(before, report) if before is not None else (),
        history=history.continued(found.base, before) if before is not None else (),
    )
    if is_same(found, report):
        return comparison.model_copy(update=_unchanged(report))
    return comparison.model_copy(update=_changes(stage, made, found.file, comparison) if found.file else {})


def _figures(stage: Stage, made: Made, size: Change) -> tuple[Change, ...]:
    """The candidate's own, where a gate may ask for them."""
    if not stage.settings.fail_on:
        return ()
    try:
        with Worker(interpreters.main(), SERVICE, stage.host, stage.log) as worker:
            found = figures(worker, None, made.file, made.cases)
    except WorkerFailure as failure:
        stage.log.warning(f"The file's figures are not known: {failure.cause}")
        return ()
    return _of_all_files(found, size)


def _changes(stage: Stage, made: Made, base: Path, known: Comparison) -> dict[str, object]:
    try:
        with (
            stage.log.group("Compare it with the baseline"),
            Worker(interpreters.main(), SERVICE, stage.host, stage.log) as worker,
        ):
            found = _compared_files(worker, stage, made, base)
    except WorkerFailure as failure:
        if stage.settings.mode == "compare":
            raise UsageError(f"The baseline's file cannot be compared: {failure.cause}", failure.hint or "") from None
        stage.log.warning(f"The baseline's file was not compared: {failure.cause}")
        return {}
    size = known.size if known.size is not None and known.size.base is not None else None
    counted = _of_all_files(found.figures, size)
    size = next((change for change in counted if change.name == "size"), known.size)
    return {"size": size, "figures": (*counted, *known.figures), "graph": found.graph, "answers": found.answers}


def _of_all_files(figures: tuple[Change, ...], size: Change | None) -> tuple[Change, ...]:
    """The figures of the main file, with the size of all of a model's files where that is known."""
    return tuple(size if size is not None and change.name == "size" else change for change in figures)


def _compared_files(worker: Worker, stage: Stage, made: Made, base: Path) -> Compared:
    """The main file, and where both sides have more than one, each of the others with its own cases."""
    found: dict[str, Compared] = {}
    for head, cases in made.files.items():
        name = head.name.partition(".")[0]
        before = base if head == made.file else base.with_name(f"{name}.onnx")
        if before.is_file():
            found[name] = compare(worker, before, head, cases, stage.threads, stage.log)
    return together.merged(found)


def _unchanged(report: Report) -> dict[str, object]:
    outputs = report.graph.outputs if report.graph is not None else ()
    answers = (Movement(output=tensor.name, max_abs_diff=0.0, agreement_pct=100.0, detail=_SAME) for tensor in outputs)
    return {"same_file": True, "graph": GraphDiff(identical=True), "answers": tuple(answers)}


def _of_reports(before: Report, report: Report) -> tuple[Change, ...]:
    """What each run measured for itself, and what no other load on the machine changes much."""
    peaks = [each.benchmark.peak_rss_bytes if each.benchmark is not None else None for each in (before, report)]
    exports = [each.export.peak_rss_bytes if each.export is not None else None for each in (before, report)]
    changes = (
        Change(name="rss-peak", unit="bytes", base=peaks[0], head=peaks[1]),
        Change(name="export-memory", unit="bytes", base=exports[0], head=exports[1]),
    )
    return tuple(change for change in changes if change.base is not None and change.head is not None)
