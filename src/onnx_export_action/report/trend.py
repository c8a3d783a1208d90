"""How size and latency went over the commits of the base branch, and where this one stands."""

from __future__ import annotations

from onnx_export_action.records import Report
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Block, Chart, Paragraph, Section
from onnx_export_action.report.spans import line

_HERE = "here"
_FIXED = line(
    "Latency is in multiples of a fixed graph that was timed in the same run, so that one machine's figures can stand "
    "beside another's."
)


def trend_section(report: Report) -> Section | None:
    """The charts; none where no earlier commit is known, as of a file on the disk."""
    points = report.comparison.history if report.comparison is not None else ()
    files = report.main_files
    if not files or not any(point.commit for point in points):
        return None
    labels = (*(point.commit[:7] or "base" for point in points), _HERE)
    sizes = (*(point.size_bytes / 1e6 for point in points), sum(file.size_bytes for file in files) / 1e6)
    blocks: list[Block] = [Chart("Size", "MB", labels, sizes)]
    now = report.benchmark.relative_latency if report.benchmark is not None else None
    timed = [(point.commit[:7] or "base", point.relative_latency) for point in points]
    known = [(label, value) for label, value in (*timed, (_HERE, now)) if value is not None]
    if len(known) > 1:
        names, values = zip(*known, strict=True)
        blocks += [Chart("Latency", "times the reference", names, values), Paragraph(_FIXED)]
    return Section("trend", "Trend", line(units.plural(len(labels), "commit")), tuple(blocks))
