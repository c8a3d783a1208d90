"""Looks for the artifact of a commit or of its nearest ancestor that has one, within a few calls and minutes.

Imported only where it is called, as PyGithub takes a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from itertools import islice
from pathlib import Path

from onnx_export_action.baseline import archive, walk
from onnx_export_action.baseline import folder as bundle
from onnx_export_action.baseline.found import Found, Unusable
from onnx_export_action.baseline.history import History
from onnx_export_action.baseline.wanted import Wanted
from onnx_export_action.github.artifact.calls import Limits
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
    """One search; a failure of GitHub is a `github.failure.Failed`, of an artifact an `Unusable`."""

    def __init__(
        self,
        wanted: Wanted,
        context: Context,
        token: str,
        log: Log,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wanted, self._context, self._log = wanted, context, log
        self._history = History(context.api_url, token, context.repository)
        self._artifacts = Artifacts(context.api_url, token, context.repository, log, limits)
        self._clock, self._end = clock, clock() + _LONGEST_SECONDS

    def close(self) -> None:
        """Close the connections."""
        self._history.close()
        self._artifacts.close()

    def find(self, folder: Path) -> Found | NoBase:
        """The baseline, unpacked into `folder` and checked."""
        start, anchor = self._start()
        known = walk.eligible(self._artifacts.named(self._wanted.name), self._wanted.name, self._context.run_id)
        chosen = self._nearest(walk.nearest(self._history.line(start), known))
        if chosen is None:
            where = f"for {start[:7]}, {anchor}, nor for a commit before it"
            return NoBase(reason=f"No baseline yet: there is no artifact {self._wanted.name!r} {where}.", remedy=_HOW)
        with self._artifacts.open(chosen.artifact) as opened:
            report = archive.unpack(opened, folder)
        if report != chosen.report:
            raise Unusable("Its report changed while it was read.")
        return Found(self._base_of(chosen, anchor), folder, folder / bundle.MODEL, report)

    def _start(self) -> tuple[str, str]:
        """The commit to begin with, and what it is to a reader."""
        pull, context = self._context.pull, self._context
        if pull is not None:
            return self._history.merge_base(pull.base, pull.head_sha), "the merge base"
        if context.before:
            return context.before, "the queue's base" if context.event == "merge_group" else "the previous push"
        return context.sha, "this commit"

    def _nearest(self, candidates: Iterator[tuple[int, Artifact]]) -> _Candidate | None:
        """The nearest that fits; of several of one commit, one with our own inputs, else the newest."""
        best: _Candidate | None = None
        for distance, artifact in islice(candidates, _MOST_CANDIDATES):
            if self._clock() > self._end:
                raise Failed(f"The search took longer than {_LONGEST_SECONDS // 60} minutes.")
            if best is not None and distance > best.distance:
                break
            report = self._fitting(artifact)
            if report is not None and report.request == self._wanted.request:
                return _Candidate(artifact, distance, report)
            if report is not None and best is None:
                best = _Candidate(artifact, distance, report)
        return best

    def _fitting(self, artifact: Artifact) -> Report | None:
        run = self._history.run(artifact.workflow_run.id if artifact.workflow_run else 0)
        if not walk.is_trusted(run, artifact):
            self._leave_out(artifact, f"its run is a {run.event[:40]!r}, of a fork or of another commit")
            return None
        with self._artifacts.open(artifact) as opened:
            report = archive.report_of(opened)
        if not self._wanted.is_met_by(report):
            self._leave_out(artifact, "it holds another model or task")
            return None
        return report

    def _leave_out(self, artifact: Artifact, why: str) -> None:
        self._log.line(f"The artifact {artifact.id} is left out: {why}.")

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
