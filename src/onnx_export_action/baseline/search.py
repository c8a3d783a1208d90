"""Looks for the artifact of a commit or of its nearest ancestor that has one, within a few calls and minutes.

Imported only where it is called, as PyGithub takes a second.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby, islice
from pathlib import Path

from onnx_export_action.baseline import archive, walk
from onnx_export_action.baseline import folder as bundle
from onnx_export_action.baseline.found import Found, Unusable
from onnx_export_action.baseline.history import History
from onnx_export_action.baseline.wanted import Wanted
from onnx_export_action.github.artifact.download import Artifact, Artifacts
from onnx_export_action.github.context import Context
from onnx_export_action.github.failure import Failed
from onnx_export_action.log import Log
from onnx_export_action.records import Base, NoBase, Report

# Each candidate costs a call of the thousand that a repository has in an hour, or some more where its report is read.
_MOST_CANDIDATES = 10
_LONGEST_SECONDS = 180
_HOW = (
    "Run this workflow on pushes to the base branch too, as docs/baseline.md shows: what it leaves there is the "
    "baseline of the pull requests after it."
)


@dataclass(frozen=True)
class _Candidate:
    artifact: Artifact
    distance: int
    report: Report


class Search:
    """One search; a failure of GitHub is a `github.failure.Failed`, a damaged artifact a warning, and left out."""

    def __init__(
        self,
        wanted: Wanted,
        context: Context,
        history: History,
        artifacts: Artifacts,
        log: Log,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wanted, self._context, self._log = wanted, context, log
        self._history, self._artifacts = history, artifacts
        self._clock, self._end = clock, clock() + _LONGEST_SECONDS

    def find(self, folder: Path, coming: Callable[[Report], None] = lambda _: None) -> Found | NoBase:
        """The baseline, unpacked into `folder` and checked; `coming` is told its report before its files come."""
        start, anchor = self._start()
        name = self._wanted.name
        known = walk.eligible(self._artifacts.named(name), name, self._context.run_id)
        for chosen in self._preferred(walk.nearest(self._history.line(start), known)):
            coming(chosen.report)
            if report := self._unpacked(chosen, folder):
                return Found(self._base_of(chosen, anchor), folder, folder / bundle.model_of(report), report)
        where = f"for {start[:7]}, {anchor}, nor for a commit before it"
        return NoBase(reason=f"No baseline yet: there is no artifact {name!r} of a proven file {where}.", remedy=_HOW)

    def _start(self) -> tuple[str, str]:
        """The commit to begin with, and what it is to a reader."""
        pull, context = self._context.pull, self._context
        if pull is not None:
            return self._history.merge_base(pull.base, pull.head_sha), "the merge base"
        if context.before:
            return context.before, "the queue's base" if context.event == "merge_group" else "the previous push"
        return context.sha, "this commit"

    def _preferred(self, nearest: Iterator[tuple[int, Artifact]]) -> Iterator[_Candidate]:
        """Those that fit, the nearest first; of one commit those with our own inputs first, then the newest."""
        bounded = islice(nearest, _MOST_CANDIDATES)
        for distance, group in groupby(bounded, key=lambda each: each[0]):
            found = (
                _Candidate(artifact, distance, report) for _, artifact in group if (report := self._fitting(artifact))
            )
            later = []
            for candidate in found:
                if candidate.report.request == self._wanted.request:
                    yield candidate
                else:
                    later.append(candidate)
            yield from later

    def _fitting(self, artifact: Artifact) -> Report | None:
        if self._clock() > self._end:
            raise Failed(f"The search took longer than {_LONGEST_SECONDS // 60} minutes.")
        run = self._history.run(artifact.workflow_run.id if artifact.workflow_run else 0)
        if not walk.is_trusted(run, artifact):
            self._log.line(
                f"The artifact {artifact.id} is left out: its run is a {run.event[:40]!r}, or not of its commit."
            )
            return None
        try:
            with self._artifacts.open(artifact) as opened:
                report = archive.report_of(opened)
        except Unusable as unusable:
            self._leave_out(artifact, unusable)
            return None
        if not self._wanted.is_met_by(report):
            self._log.line(f"The artifact {artifact.id} is left out: it holds another model or task.")
            return None
        return report

    def _unpacked(self, chosen: _Candidate, folder: Path) -> Report | None:
        try:
            with self._artifacts.open(chosen.artifact) as opened:
                report = archive.unpack(opened, folder)
            if report != chosen.report:
                raise Unusable("Its report changed while it was read.")
            return report
        except Unusable as unusable:
            shutil.rmtree(folder, ignore_errors=True)
            self._leave_out(chosen.artifact, unusable)
            return None

    def _leave_out(self, artifact: Artifact, why: Unusable) -> None:
        self._log.warning(f"The artifact {artifact.name!r} ({artifact.id}) is no baseline. {why}")

    def _base_of(self, chosen: _Candidate, anchor: str) -> Base:
        artifact, run = chosen.artifact, chosen.artifact.workflow_run
        created = artifact.created_at
        return Base(
            kind="artifact",
            name=artifact.name,
            commit=(run.head_sha if run else None) or "",
            distance=chosen.distance,
            anchor=anchor,
            created_at=created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if created else "",
            url=self._context.url_of_run(run.id if run else 0),
            differs=self._wanted.differs_from(chosen.report),
        )
