"""What the runner says of the event that started the run; the event file is foreign text and is checked as such."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onnx_export_action.errors import UsageError

_GREATEST_EVENT = 32 << 20
_PULL_EVENTS = ("pull_request", "pull_request_target")
_STEP_EVENTS = ("push", "merge_group")
FULL_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+(/[\w./-]*)?")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Part):
    full_name: str


Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")]


class _Side(_Part):
    sha: Commit
    ref: str = ""
    repo: _Repository | None = None


class _Pull(_Part):
    number: Annotated[int, Field(ge=1)]
    head: _Side
    base: _Side


class _Event(_Part):
    pull_request: _Pull


class _Queue(_Part):
    base_sha: Commit


class _Step(_Part):
    """A push, or a group of the merge queue: both say which commit they are built on."""

    before: Commit | None = None
    merge_group: _Queue | None = None


class PullRequest(_Part):
    """The pull request that the event is about."""

    number: int
    head_sha: str
    from_fork: bool = Field(description="Also when the fork is gone: what cannot be told is not trusted.")
    base: str = Field("", description="The branch that it is to be merged into, else that branch's commit.")


class Context(_Part):
    """Where this run stands; what the runner did not say is empty."""

    event: str = ""
    repository: str = ""
    sha: str = ""
    run_id: int = 0
    run_attempt: int = 1
    workflow: str = ""
    job: str = ""
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    pull: PullRequest | None = None
    before: str = Field("", description="The commit that a push or a merge queue's group is built on.")
    problem: str = Field("", description="Why the pull request of the event is not known, as a sentence.")

    @property
    def commit(self) -> str:
        """The commit that a reader knows; on a pull request, GITHUB_SHA is a merge that nobody made."""
        return self.pull.head_sha if self.pull else self.sha

    @property
    def run_url(self) -> str:
        """The page of the run, with its summary; empty outside GitHub."""
        return self.url_of_run(self.run_id)

    def url_of_run(self, run_id: int) -> str:
        """The page of a run of this repository."""
        return f"{self.server_url}/{self.repository}/actions/runs/{run_id}" if self.repository and run_id else ""


def read(environment: Mapping[str, str]) -> Context:
    """The context from the runner's variables and its event file; never raises for what they hold."""
    event, pull, problem = environment.get("GITHUB_EVENT_NAME", ""), None, ""
    if event in _PULL_EVENTS:
        try:
            pull = _pull(Path(environment.get("GITHUB_EVENT_PATH") or "no event file"))
        except OSError as error:
            problem = f"The event file of the runner cannot be read: {error.strerror}."
        except ValueError:  # what is no JSON, no UTF-8 or no event
            problem = "The event file of the runner does not describe a pull request."
    return Context(
        event=event,
        repository=_matching(FULL_NAME, environment.get("GITHUB_REPOSITORY", "")),
        sha=environment.get("GITHUB_SHA", ""),
        run_id=_number(environment.get("GITHUB_RUN_ID", ""), 0),
        run_attempt=_number(environment.get("GITHUB_RUN_ATTEMPT", ""), 1),
        workflow=environment.get("GITHUB_WORKFLOW", ""),
        job=environment.get("GITHUB_JOB", ""),
        server_url=_address(environment, "GITHUB_SERVER_URL", "https://github.com"),
        api_url=_address(environment, "GITHUB_API_URL", "https://api.github.com"),
        pull=pull,
        before=_before(environment) if event in _STEP_EVENTS else "",
        problem=problem,
    )


def refuse_foreign_code(context: Context) -> None:
    """Raises UsageError where a fork's files would be loaded beside the base repository's token and secrets."""
    if context.event == "pull_request_target" and (context.pull is None or context.pull.from_fork):
        raise UsageError(
            "This workflow runs on pull_request_target, with the rights of the base repository, for a pull request "
            f"{'of a fork' if context.pull else 'that is not known'}: loading a model runs code from it.",
            'Use the event pull_request; docs/comment.md shows under "Forks" how its comment is written.',
        )


def _before(environment: Mapping[str, str]) -> str:
    """Empty where the event does not say it: nothing hangs on it but a comparison."""
    try:
        found = _Step.model_validate_json(content_of(Path(environment.get("GITHUB_EVENT_PATH") or "no event file")))
    except (OSError, ValueError, RecursionError):
        return ""
    commit = found.merge_group.base_sha if found.merge_group is not None else found.before or ""
    return commit if commit.strip("0") else ""  # a new branch comes after nothing


def content_of(path: Path) -> bytes:
    """The event file, within the length of any event; raises OSError or ValueError."""
    with path.open("rb") as file:
        content = file.read(_GREATEST_EVENT + 1)
    if len(content) > _GREATEST_EVENT:
        raise ValueError("longer than any event")
    return content


def _pull(path: Path) -> PullRequest:
    content = content_of(path)
    try:
        found = _Event.model_validate_json(content).pull_request
    except (ValidationError, RecursionError) as error:
        raise ValueError("not a pull request's event") from error
    head, base = found.head.repo, found.base.repo
    own = head is not None and base is not None and head.full_name.lower() == base.full_name.lower()
    base_name = found.base.ref or found.base.sha
    return PullRequest(number=found.number, head_sha=found.head.sha, from_fork=not own, base=base_name)


def _matching(pattern: re.Pattern[str], value: str) -> str:
    return value if pattern.fullmatch(value) else ""


def _number(value: str, default: int) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else default


def _address(environment: Mapping[str, str], name: str, default: str) -> str:
    return _matching(_ADDRESS, environment.get(name, "")).rstrip("/") or default
