"""Writes the comment where there is a pull request and a token; what fails is one warning, never a failed run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from onnx_export_action.github import failure
from onnx_export_action.github.comment import exchange
from onnx_export_action.github.comment.part import part_of
from onnx_export_action.github.context import Context, PullRequest
from onnx_export_action.log import Log
from onnx_export_action.records import Publication, Report
from onnx_export_action.settings import Settings

_READ_ONLY = (
    "Give the job `permissions: pull-requests: write`. A pull request of a fork or of Dependabot has no token that "
    'may write: docs/comment.md says under "Forks" what to do there. `comment: never` turns the comment off.'
)
_ELSEWHERE = "The report is in the job summary and in {folder}."


Told = tuple[Report, Publication]  # a model, and what was delivered of it


@dataclass(frozen=True)
class Said:
    """Where the comment stands, or why there is none; neither where none was wanted."""

    url: str | None = None
    problem: str | None = None


def comment_on(told: Sequence[Told], settings: Settings, context: Context, log: Log) -> Said:
    """The comment on these models of a job written, left alone, or not possible; never raises."""
    token = settings.github_token.get_secret_value() if settings.github_token else ""
    if settings.comment == "never" or not token:
        return Said()
    if context.problem:
        return _failed(context.problem, settings, log)
    if context.pull is None or not context.repository:
        log.line("There is no pull request to comment on.")
        return Said()
    try:
        with log.group("Comment on the pull request"):
            url = _written(told, settings, context, context.pull, token)
    except failure.Failed as failed:
        if failed.standing is not None:
            return _doubled(failed.standing, str(failed), log)
        return _failed(f"{failed} {_READ_ONLY}" if isinstance(failed, failure.ReadOnly) else str(failed), settings, log)
    except Exception as defect:  # a defect of ours must not cost the verdict
        return _failed(f"It is a defect of this program: {type(defect).__name__}.", settings, log)
    log.line(f"The comment: {url}")
    return Said(url=url)


def _written(told: Sequence[Told], settings: Settings, context: Context, pull: PullRequest, token: str) -> str:
    from onnx_export_action.github.comment.thread import Thread  # a second of imports, which other runs are spared

    thread = Thread(context.api_url, token, context.repository, pull.number)
    try:
        own = [part_of(report, context, delivered) for report, delivered in told]
        return exchange.write(thread, own, context, settings.comment == "always", time.sleep)
    finally:
        thread.close()


def _doubled(url: str, why: str, log: Log) -> Said:
    problem = f"A second comment of this workflow was not removed. {why} The next run tries again; or delete it."
    log.warning(problem)
    return Said(url=url, problem=problem)


def _failed(why: str, settings: Settings, log: Log) -> Said:
    problem = f"The comment was not written. {why} {_ELSEWHERE.format(folder=settings.output_dir)}"
    log.warning(problem)
    return Said(problem=problem)
