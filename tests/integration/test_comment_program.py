"""The whole program on a pull request: its comment, its outputs, and a fork's code that is not loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import artifact_server, program
from tests.integration.comment_case import environment
from tests.integration.github_api import PULL, REPOSITORY, Fault, GitHubApi, running_api
from tests.integration.test_onnx_file import write

pytestmark = pytest.mark.usefixtures("waits")


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with running_api() as server:
        yield server


def run(api: GitHubApi, folder: Path, **overrides: str) -> program.Outcome:
    write(folder / "network.onnx")
    inputs = {"model": "network.onnx", "github-token": api.token, "baseline": "none"}
    return program.run(folder, inputs, environment=environment(api, folder, **overrides))


def test_main__comments_and_names_the_comment(api: GitHubApi, tmp_path: Path) -> None:
    outcome = run(api, tmp_path)
    assert outcome.status == 0, outcome.log
    assert outcome.outputs["comment-url"] == "https://github.com/acme/models/pull/7#issuecomment-1000"
    (text,) = api.texts()
    assert "`network.onnx`" in text
    assert f"::add-mask::{api.token}" in outcome.log
    kept = [path.read_text(errors="replace") for path in outcome.folder.rglob("*") if path.is_file()]
    assert not any(api.token in said for said in [text, outcome.summary, *kept])


@pytest.mark.parametrize("lost", ["the artifact", "the comment"])
def test_main__what_is_lost_costs_nothing_else(api: GitHubApi, tmp_path: Path, lost: str) -> None:
    with artifact_server.running() as service:
        if lost == "the artifact":
            service.faults["CreateArtifact"] = [artifact_server.Fault(422)]
        else:
            api.faults["create"] = Fault(status=422, message="Validation Failed")
        outcome = run(api, tmp_path, **{**service.environment(), "GITHUB_REPOSITORY": REPOSITORY})
        kept = list(service.finished())
    assert outcome.outputs["verdict"] == "pass"
    (warning,) = [text for text in outcome.log.splitlines() if text.startswith(("::warning", "::error"))]
    if lost == "the artifact":
        (text,) = api.texts()
        assert (outcome.status, kept, "/artifacts/" in text) == (4, [], False)
        assert "The artifact was not uploaded" in warning
    else:
        assert (outcome.status, kept, api.texts()) == (0, ["network-onnx"], [])
        assert "The comment was not written." in warning


def test_main__a_token_that_only_reads_is_one_warning(api: GitHubApi, tmp_path: Path) -> None:
    api.faults["create"] = Fault(status=403, message="Resource not accessible by integration")
    outcome = run(api, tmp_path)
    assert outcome.status == 0
    assert outcome.outputs["verdict"] == "pass"
    assert "comment-url" not in outcome.outputs
    assert outcome.log.count("::warning") == 1
    assert "pull-requests: write" in outcome.log
    assert 'docs/comment.md says under "Forks" what to do there' in outcome.log


def test_main__a_fork_on_pull_request_target_is_refused_before_its_files_are_read(
    api: GitHubApi, tmp_path: Path
) -> None:
    given = environment(api, tmp_path, GITHUB_EVENT_NAME="pull_request_target")
    head = {"sha": "a" * 40, "repo": {"full_name": "mallory/models"}}
    base = {"sha": "b" * 40, "repo": {"full_name": "acme/models"}}
    event = {"pull_request": {"number": PULL, "head": head, "base": base}}
    Path(given["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    outcome = program.run(tmp_path, {"model": "network.onnx", "github-token": api.token}, environment=given)
    assert outcome.status == 2
    assert "pull_request_target" in outcome.failure
    assert 'docs/comment.md shows under "Forks"' in outcome.failure
    assert "Read the model" not in outcome.log
