"""The open pull request that a finished run was for.

The event names none for a fork's run, and what a run says of itself proves nothing. So it is the one
whose head is the very commit, in the very repository, that GitHub says the run was started for.
"""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from onnx_export_action.github import rest
from onnx_export_action.github.context import Context, PullRequest
from onnx_export_action.github.finished import FinishedRun

_A_PAGE = 100


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Part):
    full_name: str


class _Side(_Part):
    sha: str
    repo: _Repository | None = None

    def is_in(self, full_name: str) -> bool:
        return self.repo is not None and self.repo.full_name.lower() == full_name.lower()


class _Pull(_Part):
    number: Annotated[int, Field(ge=1)]
    head: _Side
    base: _Side


def of_run(run: FinishedRun, here: Context, token: str) -> PullRequest | str:
    """The pull request, or a sentence that says why there is none; raises Failed where GitHub cannot be asked."""
    if not run.event.startswith("pull_request"):
        return f"The run was started by {run.event[:50]!r}, so there is no pull request to comment on."
    if not (run.head_repository and run.head_branch):
        return "The repository or the branch that the run was for is gone, and with it the pull request."
    with closing(rest.connect(here.api_url, token)) as github:
        address, head = f"{here.api_url}/repos/{here.repository}/pulls", f"{run.head_owner}:{run.head_branch}"
        asked = {"state": "open", "head": head, "per_page": _A_PAGE}

        def listed() -> list[_Pull]:
            _, answer = github.requester.requestJsonAndCheck("GET", address, parameters=asked)
            return [_Pull.model_validate(entry) for entry in answer]

        return _the_one(rest.read(listed, "the pull requests"), run, here)


def _the_one(listed: list[_Pull], run: FinishedRun, here: Context) -> PullRequest | str:
    # Two forks of one owner have the same `owner:branch`: only the full name tells them apart.
    near = [pull for pull in listed if pull.head.is_in(run.head_repository) and pull.base.is_in(here.repository)]
    same = [pull for pull in near if pull.head.sha == run.head_sha]
    if len(same) == 1:
        from_fork = run.head_repository.lower() != here.repository.lower()
        return PullRequest(number=same[0].number, head_sha=run.head_sha, from_fork=from_fork)
    if same:
        return f"Commit {run.head_sha[:7]} is the head of {len(same)} open pull requests, so none is told."
    if near:
        numbers = ", ".join(f"#{pull.number}" for pull in near)
        return f"Pull request {numbers} has moved on from commit {run.head_sha[:7]}: the run on its new head tells it."
    return f"No open pull request has commit {run.head_sha[:7]} of {run.head_repository} as its head."
