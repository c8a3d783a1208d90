"""The candidate against its base, and what the gates decide by it."""

from __future__ import annotations

from onnx_export_action.baseline.found import Found
from onnx_export_action.comparison import history
from onnx_export_action.gates.decision import decide
from onnx_export_action.records import Change, Comparison, GraphDiff, Movement, NoBase, Paired, Report
from onnx_export_action.stage import Stage

_SAME = "The file is the base's own, byte for byte."


def compare(stage: Stage, found: Found | NoBase, latency: tuple[Paired, ...]) -> Comparison:
    """Everything that can be compared, with each gate of `fail-on` decided."""
    report, settings = stage.progress.report(), stage.settings
    if isinstance(found, NoBase):
        compared = Comparison(baseline=found)
    elif is_same(found, report):
        compared = _same(found, report)
    else:
        compared = _differing(found, report, latency)
    gates = decide(settings.fail_on, report, compared, settings.on_undecided)
    return compared.model_copy(update={"gates": gates})


def is_same(found: Found, report: Report) -> bool:
    """Whether the two files are one, by their hashes: then there is nothing to measure."""
    if found.report is None:
        return False
    hashes = [{file.sha256 for file in each.main_files} for each in (found.report, report)]
    return hashes[0] == hashes[1] != set()


def _same(found: Found, report: Report) -> Comparison:
    outputs = report.graph.outputs if report.graph is not None else ()
    return _differing(found, report, ()).model_copy(
        update={
            "same_file": True,
            "graph": GraphDiff(identical=True),
            "answers": tuple(
                Movement(output=tensor.name, max_abs_diff=0.0, agreement_pct=100.0, detail=_SAME) for tensor in outputs
            ),
        }
    )


def _differing(found: Found, report: Report, latency: tuple[Paired, ...]) -> Comparison:
    before = found.report
    return Comparison(
        baseline=found.base,
        size=Change(name="size", unit="bytes", base=_size(before), head=_size(report)),
        latency=latency,
        figures=_of_reports(before, report) if before is not None else (),
        history=history.continued(found.base, before) if before is not None else (),
    )


def _size(report: Report | None) -> int | None:
    return sum(file.size_bytes for file in report.main_files) if report is not None else None


def _of_reports(before: Report, report: Report) -> tuple[Change, ...]:
    """What each run measured for itself, and what no other load on the machine changes much."""
    peaks = [each.benchmark.peak_rss_bytes if each.benchmark is not None else None for each in (before, report)]
    exports = [each.export.peak_rss_bytes if each.export is not None else None for each in (before, report)]
    changes = (
        Change(name="rss-peak", unit="bytes", base=peaks[0], head=peaks[1]),
        Change(name="export-memory", unit="bytes", base=exports[0], head=exports[1]),
    )
    return tuple(change for change in changes if change.base is not None and change.head is not None)
