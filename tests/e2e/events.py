"""The payloads of events as GitHub sends them, each held to GitHub's description of its webhook."""

from __future__ import annotations

from typing import Any

from tests.integration import github_description
from tests.integration.github_api import PULL, REPOSITORY

FORK = "mallory/models"
Event = dict[str, Any]


def pull_request(head_sha: str, base_sha: str, head: str = REPOSITORY) -> Event:
    """A push to the pull request, from a branch of this repository or of a fork."""
    known = github_description.example("pull-request")
    sides = {
        "head": _side(known["head"], head, "feature", head_sha),
        "base": _side(known["base"], REPOSITORY, "main", base_sha),
    }
    event = {
        "action": "synchronize",
        "number": PULL,
        "before": "0" * 40,
        "after": head_sha,
        "pull_request": {**known, "number": PULL, **sides},
    }
    return _checked("pull-request-synchronize", event)


def is_from_fork(event: Event) -> bool:
    """Whether GitHub gives the run a token that only reads."""
    return "pull_request" in event and event["pull_request"]["head"]["repo"]["full_name"] != REPOSITORY


def workflow_run(run: int, name: str, file: str, head_sha: str, head: str = FORK) -> Event:
    """The end of a pull request's run; for a fork's, GitHub names no pull request."""
    known = github_description.example("workflow-run")
    workflow = {
        "id": 1,
        "node_id": "W_1",
        "name": name,
        "path": f".github/workflows/{file}",
        "state": "active",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "url": known["workflow_url"],
        "html_url": f"https://github.com/{REPOSITORY}/blob/main/.github/workflows/{file}",
        "badge_url": f"https://github.com/{REPOSITORY}/workflows/{name}/badge.svg",
    }
    ended = {
        **known,
        "id": run,
        "name": name,
        "path": workflow["path"],
        "event": "pull_request",
        "status": "completed",
        "conclusion": "success",
        "head_branch": "feature",
        "head_sha": head_sha,
        "pull_requests": [],
        "repository": {**known["repository"], **_names(REPOSITORY)},
        "head_repository": {**known["head_repository"], **_names(head)},
    }
    return _checked("workflow-run-completed", {"action": "completed", "workflow": workflow, "workflow_run": ended})


def release(number: int, tag: str) -> Event:
    """A release that was published."""
    known = {**github_description.example("release"), "updated_at": "2026-01-01T00:00:00Z", "assets": []}
    return _checked("release-published", {"action": "published", "release": {**known, "id": number, "tag_name": tag}})


def _side(known: dict[str, Any], repository: str, branch: str, sha: str) -> dict[str, Any]:
    repo = {**known["repo"], **_names(repository), "visibility": "public"}
    return {**known, "label": f"{repository.split('/')[0]}:{branch}", "ref": branch, "sha": sha, "repo": repo}


def _names(repository: str) -> dict[str, Any]:
    owner, name = repository.split("/")
    return {
        "id": sum(repository.encode()),
        "name": name,
        "full_name": repository,
        "owner": {**github_description.example("simple-user"), "login": owner},
        "fork": repository != REPOSITORY,
    }


def _checked(webhook: str, event: Event) -> Event:
    known = github_description.example("full-repository")
    repository = {key: value for key, value in known.items() if key != "template_repository"}
    whole = {
        **event,
        "repository": {**repository, **_names(REPOSITORY), "default_branch": "main"},
        "sender": github_description.example("simple-user"),
    }
    github_description.check_event(webhook, whole)
    return whole
