"""The comment in the stead of a run that must not write, as a fork's: of what that run left, nothing is trusted.

The pull request, the commit, the run and every address come from GitHub. Of the artifacts only what
follows the report's schema is taken, and it is rendered anew.

Imported only where it runs, as PyGithub takes a second.
"""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.github import context, finished, pulls
from onnx_export_action.github.artifact.download import Artifact, Artifacts, NoArchive
from onnx_export_action.github.artifact.extract import Bounds, read
from onnx_export_action.github.comment import exchange
from onnx_export_action.github.comment.page import Part
from onnx_export_action.github.comment.part import part_of
from onnx_export_action.github.comment.text import bounded
from onnx_export_action.github.comment.thread import Thread
from onnx_export_action.github.context import Context, PullRequest
from onnx_export_action.github.failure import Failed, ReadOnly
from onnx_export_action.github.finished import FinishedRun
from onnx_export_action.log import Log
from onnx_export_action.records import Publication
from onnx_export_action.report import escape, foreign, units
from onnx_export_action.report.spans import prose
from onnx_export_action.settings import Settings

_REPORT, _MANIFEST = "report.json", "manifest.json"
_FAILED_NAME = re.compile(r".*-failed(-\d+)?", re.DOTALL)
_LONGEST_SENTENCE = 300
_MOST_ARTIFACTS = 60
_COPIED_BYTES = 1 << 30
_RIGHTS = (
    "Give the job `permissions: actions: read` and `pull-requests: write`, and keep its `github-token`: "
    'docs/comment.md shows the workflow under "Forks".'
)


@dataclass
class Told:
    """What was done, as sentences for the log and the summary."""

    url: str | None = None
    sentence: str = ""
    problems: list[str] = field(default_factory=list)


def tell(settings: Settings, environment: Mapping[str, str], log: Log) -> Told:
    """Write the comment of the run that the event tells of; raises RunError where that cannot be done."""
    run, here = finished.read(environment), context.read(environment)
    token = settings.github_token.get_secret_value() if settings.github_token else ""
    if not token or not here.repository:
        raise UsageError("`mode: report` has no token or no repository to write to.", _RIGHTS)
    try:
        told = _told(settings, run, here, token, log)
    except ReadOnly as refused:
        raise SurroundingsError(f"The comment was not written. {refused}", _RIGHTS) from None
    except Failed as failed:
        raise SurroundingsError(f"The comment was not written. {failed}", "Run this job again.") from None
    if told.problems:
        log.warning(f"Not all was done. {' '.join(told.problems)}")
    log.line(told.sentence)
    return told


def summary(told: Told) -> str:
    """The same for the job summary."""
    parts = [f"### {escape.inline(prose(told.sentence))}"]
    parts += [f"[The comment]({told.url})"] if told.url else []
    parts += [escape.inline(prose(problem)) for problem in told.problems]
    return "\n\n".join(parts) + "\n"


def _told(settings: Settings, run: FinishedRun, here: Context, token: str, log: Log) -> Told:
    if settings.comment == "never":
        return Told(sentence="`comment: never` leaves nothing to do.")
    pull = pulls.of_run(run, here, token)
    if isinstance(pull, str):
        return Told(sentence=pull)
    first = _context_of(run, here, pull)
    told = Told()
    with log.group(f"Read the reports of run {run.id}"):
        parts = _parts(first, token, log, told)
    if not parts:
        told.sentence = f"Run {run.id} left no report, so there is nothing to tell on pull request #{pull.number}."
        return told
    with log.group("Comment on the pull request"):
        told.url = _written(parts, first, pull, token, settings.comment == "always", told)
    told.sentence = f"Told {units.plural(len(parts), 'report')} of run {run.id} on pull request #{pull.number}."
    return told


def _context_of(run: FinishedRun, here: Context, pull: PullRequest) -> Context:
    """Where the run stood that the comment speaks of, so that it looks as if that run had written it."""
    return Context(
        event=run.event,
        repository=here.repository,
        run_id=run.id,
        run_attempt=run.attempt,
        workflow=run.workflow,
        server_url=here.server_url,
        api_url=here.api_url,
        pull=pull,
    )


def _parts(first: Context, token: str, log: Log, told: Told) -> list[Part]:
    """The parts of all reports, the worst first; what cannot be used is told in their place."""
    with closing(Artifacts(first.api_url, token, first.repository, log)) as artifacts:
        newest: dict[str, Artifact] = {}
        for artifact in artifacts.of_run(first.run_id):
            newest.setdefault(artifact.name, artifact)
        if len(newest) > _MOST_ARTIFACTS:
            told.problems.append(f"The run has {len(newest)} artifacts, of which {_MOST_ARTIFACTS} are read.")
        parts: dict[str, Part] = {}
        for artifact in list(newest.values())[:_MOST_ARTIFACTS]:
            try:
                part = _part(artifacts, artifact, first)
            except ReadOnly:
                raise
            except Failed as failure:
                told.problems.append(f"The artifact {artifact.name[:100]!r} is left out: {failure}")
                continue
            if part is not None:
                parts.setdefault(part.key, part)
                log.line(f"{artifact.name}: {part.row.verdict}")
    return sorted(parts.values(), key=lambda part: (part.row.order, part.key))


def _part(artifacts: Artifacts, artifact: Artifact, first: Context) -> Part | None:
    """What one artifact says; None where it is none of this program's."""
    try:
        with artifacts.open(artifact, _COPIED_BYTES) as archive:
            content = _report_in(archive, artifact.name)
    except NoArchive:
        return None
    if content is None:
        return None
    try:
        report = foreign.read(content)
    except ValueError as error:
        raise Failed(str(error)[:_LONGEST_SENTENCE]) from None
    delivered = Publication(artifact_url=f"{first.run_url}/artifacts/{artifact.id}")
    try:
        return bounded(part_of(report, first, delivered), first)
    except Exception:  # the schema allows figures that no run gives, and no rendering expects
        raise Failed("The report holds what no run of this program writes.") from None


def _report_in(archive: zipfile.ZipFile, name: str) -> bytes | None:
    names = archive.namelist()
    ours = _REPORT in names and (_MANIFEST in names or _FAILED_NAME.fullmatch(name))
    return read(archive, _REPORT, Bounds(file_bytes=foreign.MOST_BYTES)) if ours else None


def _written(parts: list[Part], first: Context, pull: PullRequest, token: str, always: bool, told: Told) -> str:
    with closing(Thread(first.api_url, token, first.repository, pull.number)) as thread:
        try:
            return exchange.write(thread, parts, first, always, time.sleep)
        except Failed as failure:
            if failure.standing is None:
                raise
            told.problems.append(f"A second comment of this workflow was not removed. {failure}")
            return failure.standing
