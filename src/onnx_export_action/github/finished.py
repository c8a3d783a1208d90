"""The run that a `workflow_run` event tells of: who it was for, by GitHub's word and not by its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from onnx_export_action.errors import UsageError
from onnx_export_action.github.context import FULL_NAME, Commit, content_of

_EVENT = "workflow_run"
_REMEDY = (
    "`mode: report` is for a workflow of its own on the event workflow_run, which GitHub starts with the rights of the "
    'base repository: docs/comment.md shows it under "Forks".'
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Owner(_Part):
    login: str = Field(pattern=r"^[\w.-]+(\[bot\])?$")


class _Head(_Part):
    full_name: str = Field(pattern=f"^{FULL_NAME.pattern}$")
    owner: _Owner


class _Workflow(_Part):
    name: str


class _Run(_Part):
    id: Annotated[int, Field(ge=1, lt=1 << 60)]
    run_attempt: Annotated[int, Field(ge=1, le=10_000)] = 1
    name: str | None = None
    event: str
    head_sha: Commit
    head_branch: str | None = None
    head_repository: _Head | None = None


class _Event(_Part):
    workflow_run: _Run
    workflow: _Workflow | None = None


class FinishedRun(_Part):
    """A run of another workflow of this repository; empty where GitHub does not say it."""

    id: int
    attempt: int
    event: str = Field(description="What started it, e.g. `pull_request`.")
    workflow: str = Field(description="The workflow's name, as the run itself knew it.")
    head_sha: str
    head_branch: str
    head_repository: str
    head_owner: str


def read(environment: Mapping[str, str]) -> FinishedRun:
    """The run of the event; raises UsageError where the event is another or cannot be read."""
    event = environment.get("GITHUB_EVENT_NAME", "")
    if event != _EVENT:
        known = f"the event {event[:50]!r}" if event else "no event"
        raise UsageError(f"`mode: report` needs the event workflow_run, this is {known}.", _REMEDY)
    try:
        found = _Event.model_validate_json(content_of(Path(environment.get("GITHUB_EVENT_PATH") or "no event file")))
    except OSError as error:
        raise UsageError(f"The event file of the runner cannot be read: {error.strerror}.", _REMEDY) from None
    except (ValueError, RecursionError):
        raise UsageError("The event file of the runner does not describe a finished run.", _REMEDY) from None
    run, head = found.workflow_run, found.workflow_run.head_repository
    return FinishedRun(
        id=run.id,
        attempt=run.run_attempt,
        event=run.event,
        workflow=(found.workflow.name if found.workflow else run.name) or "",
        head_sha=run.head_sha,
        head_branch=run.head_branch or "",
        head_repository=head.full_name if head else "",
        head_owner=head.owner.login if head else "",
    )
