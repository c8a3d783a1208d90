"""The trend over the base branch: each report carries the points of those before it, so none has to be fetched."""

from __future__ import annotations

from onnx_export_action.records import Base, Point, Report

_MOST = 30


def continued(base: Base, report: Report) -> tuple[Point, ...]:
    """The base's own history and the base behind it, oldest first; a commit that ran twice stands there once."""
    before = report.comparison.history if report.comparison is not None else ()
    point = Point(
        commit=base.commit,
        at=base.created_at,
        size_bytes=sum(file.size_bytes for file in report.main_files),
        relative_latency=report.benchmark.relative_latency if report.benchmark is not None else None,
    )
    return (*(each for each in before if each.commit != base.commit), point)[-_MOST:]
