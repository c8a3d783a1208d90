"""The event file is read as foreign text: what it says is taken, what it does not say is a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.errors import UsageError
from onnx_export_action.github import context
from onnx_export_action.github.context import Context, PullRequest

RUNNER = {
    "GITHUB_REPOSITORY": "acme/models",
    "GITHUB_SHA": "c" * 40,
    "GITHUB_RUN_ID": "4711",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_JOB": "export",
}


def side(letter: str, repository: str | None) -> dict[str, Any]:
    return {"sha": letter * 40, "ref": "main", "repo": repository and {"full_name": repository}}


def event(head: str | None = "acme/models", **overrides: Any) -> dict[str, Any]:
    pull = {"number": 7, "head": side("a", head), "base": side("b", "acme/models"), "title": "x"}
    return {"action": "opened", "number": 7, "pull_request": {**pull, **overrides}}


def read(tmp_path: Path, name: str, content: object, **overrides: str) -> Context:
    path = tmp_path / "event.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return context.read({**RUNNER, "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), **overrides})


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
@pytest.mark.parametrize(
    ("head", "from_fork"), [("acme/models", False), ("Acme/Models", False), ("mallory/models", True), (None, True)]
)
def test_read__a_pull_request_and_whether_it_is_a_forks(
    tmp_path: Path, name: str, head: str | None, from_fork: bool
) -> None:
    found = read(tmp_path, name, event(head))
    assert found.pull == PullRequest(number=7, head_sha="a" * 40, from_fork=from_fork, base="main")
    assert found.commit == "a" * 40
    assert not found.problem


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("push", {"ref": "refs/heads/main", "pull_request": event()["pull_request"]}),
        ("release", {"action": "published", "release": {"tag_name": "v1"}}),
        ("workflow_dispatch", {"inputs": None}),
        ("schedule", {"schedule": "0 0 * * *"}),
        ("workflow_run", {"workflow_run": {"pull_requests": [{"number": 7}]}}),
        ("merge_group", {"merge_group": {"head_sha": "a" * 40}}),
        ("", {}),
        ("push", b"no json"),
    ],
)
def test_read__other_events_have_no_pull_request(tmp_path: Path, name: str, content: object) -> None:
    found = read(tmp_path, name, content)
    assert (found.pull, found.problem, found.commit) == (None, "", "c" * 40)
    assert found.run_url == "https://github.com/acme/models/actions/runs/4711"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        {},
        {"pull_request": None},
        event(number="7; rm"),
        event(number=0),
        event(head={"sha": "main"}),
        event(base=[]),
    ],
    ids=lambda content: str(content)[:30],
)
def test_read__a_malformed_event_is_a_sentence(tmp_path: Path, content: object) -> None:
    found = read(tmp_path, "pull_request", content)
    assert found.pull is None
    assert found.problem == "The event file of the runner does not describe a pull request."


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_pull__any_bytes_are_no_traceback(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert read(tmp_path_factory.getbasetemp(), "pull_request", content).problem


@pytest.mark.parametrize("path", ["", "/nowhere/event.json", "a\0b"])
def test_read__an_absent_event_is_a_sentence(path: str) -> None:
    found = context.read({**RUNNER, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": path})
    assert found.problem.endswith(".")
    assert found.pull is None


def test_read__an_endless_event_is_not_read_to_its_end() -> None:
    found = context.read({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "/dev/zero"})
    assert found.problem


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("GITHUB_REPOSITORY", "a/b/../c", "repository", ""),
        ("GITHUB_REPOSITORY", "a/b)](https://evil", "repository", ""),
        ("GITHUB_RUN_ID", "x", "run_id", 0),
        ("GITHUB_RUN_ID", "9" * 30, "run_id", 0),
        ("GITHUB_RUN_ATTEMPT", "", "run_attempt", 1),
        ("GITHUB_SERVER_URL", "https://github.acme.org/", "server_url", "https://github.acme.org"),
        ("GITHUB_API_URL", "https://github.acme.org/api/v3", "api_url", "https://github.acme.org/api/v3"),
        ("GITHUB_API_URL", "http://127.0.0.1:81", "api_url", "http://127.0.0.1:81"),
        ("GITHUB_API_URL", "file:///etc/passwd", "api_url", "https://api.github.com"),
        ("GITHUB_API_URL", "", "api_url", "https://api.github.com"),
        ("GITHUB_SERVER_URL", "https://x/)[y](z", "server_url", "https://github.com"),
    ],
)
def test_read__variables_are_checked(variable: str, value: str, field: str, expected: object) -> None:
    assert getattr(context.read({**RUNNER, variable: value}), field) == expected


@pytest.mark.parametrize(
    ("name", "content", "before"),
    [
        ("push", {"before": "b" * 40, "after": "c" * 40}, "b" * 40),
        ("push", {"before": "0" * 40}, ""),
        ("push", {"before": "main"}, ""),
        ("push", {}, ""),
        ("push", b"{", ""),
        ("push", b"[" * 100_000, ""),
        ("merge_group", {"merge_group": {"base_sha": "b" * 40, "head_sha": "c" * 40}}, "b" * 40),
        ("merge_group", {"merge_group": {}}, ""),
        ("schedule", {"before": "b" * 40}, ""),
        ("pull_request", {"before": "b" * 40}, ""),
    ],
)
def test_read__the_commit_before_a_push(tmp_path: Path, name: str, content: object, before: str) -> None:
    assert read(tmp_path, name, content).before == before


def test_read__outside_a_runner_nothing_is_known() -> None:
    assert context.read({}) == Context()
    assert Context().run_url == ""


@pytest.mark.parametrize(
    ("name", "content", "refused"),
    [
        ("pull_request", event("mallory/models"), False),
        ("pull_request_target", event(), False),
        ("pull_request_target", event("mallory/models"), True),
        ("pull_request_target", event(None), True),
        ("pull_request_target", b"{", True),
        ("push", {}, False),
    ],
)
def test_refuse_foreign_code__only_where_it_meets_rights(
    tmp_path: Path, name: str, content: object, refused: bool
) -> None:
    found = read(tmp_path, name, content)
    if not refused:
        return context.refuse_foreign_code(found)
    with pytest.raises(UsageError, match="pull_request_target") as caught:
        context.refuse_foreign_code(found)
    assert "docs/comment.md" in caught.value.remedy
    return None
