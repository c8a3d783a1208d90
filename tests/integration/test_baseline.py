"""The right baseline against GitHub's described API: by history, trusted, proven; and by path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onnx_export_action.baseline.found import Found
from onnx_export_action.records import NoBase
from tests.factories import make_model, make_validation
from tests.integration.baseline_case import GOOD, HEAD, MAIN, MERGE_BASE, NAME, OWN_RUN, REPORT, add_history, look
from tests.integration.github_actions_api import ActionsApi
from tests.integration.github_api import running_api
from tests.integration.history_api import FORK_ID, HistoryApi
from tests.unit.baseline import bundles


@pytest.fixture
def history(waits: list[float]) -> Iterator[HistoryApi]:
    del waits
    with running_api() as api:
        made = HistoryApi(ActionsApi(api))
        add_history(made)
        yield made


def packed(**overrides: Any) -> bytes:
    return bundles.zipped(bundles.bundle(REPORT.model_copy(update=overrides)))


def test_find__the_merge_bases_artifact(history: HistoryApi, tmp_path: Path) -> None:
    history.keep(NAME, GOOD, MAIN[5])  # newer than the merge base: never merely the latest run
    history.keep(NAME, GOOD, MAIN[2])
    stored = history.keep(NAME, GOOD, MERGE_BASE)
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found), looked.log
    base = looked.found.base
    assert (base.kind, base.name, base.commit, base.distance, base.anchor) == (
        *("artifact", NAME, MERGE_BASE, 0, "the merge base"),
    )
    assert base.url == f"https://github.com/acme/models/actions/runs/{stored.run}"
    assert base.created_at == "2020-01-10T14:59:22Z"
    assert looked.found.report == REPORT.model_copy(update={"model": make_model(path="")})
    assert looked.found.file is not None
    assert looked.found.file.read_bytes() == bundles.CONTENT["model.onnx"]
    assert looked.warnings == []
    assert f"of {MERGE_BASE[:7]}: the merge base." in looked.log
    assert history.actions.api.calls.count("commits") == 0


def test_find__the_nearest_ancestor_and_how_far_it_is(history: HistoryApi, tmp_path: Path) -> None:
    history.keep(NAME, GOOD, MAIN[0])
    history.keep(NAME, GOOD, MAIN[1])
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found), looked.log
    assert (looked.found.base.commit, looked.found.base.distance) == (MAIN[1], 2)
    assert "the merge base, 2 commits before it." in looked.log
    assert len(history.actions.api.calls) < 10


@pytest.mark.parametrize(
    "unfit",
    [
        {"home": FORK_ID, "branch": "main"},
        {"event": "pull_request"},
        {"event": "workflow_run"},
        {"event": "dynamic"},
        {"expired": True},
        {"name": f"{NAME}-failed"},
        {"name": f"{NAME}-2"},
        {"archive": packed(model=make_model(id="another"))},
        {"archive": packed(model=make_model(task="fill-mask"))},
        {"archive": packed(model=None)},
        {"run": OWN_RUN},
    ],
    ids=lambda unfit: next(iter(unfit)),
)
def test_find__one_that_does_not_fit_is_passed_by(history: HistoryApi, tmp_path: Path, unfit: dict[str, Any]) -> None:
    history.keep(NAME, GOOD, MAIN[2])
    if "run" in unfit:
        history.actions.keep(NAME, GOOD, head_sha=MERGE_BASE, **unfit)
    else:
        history.keep(**{"name": NAME, "archive": GOOD, "commit": MERGE_BASE, **unfit})
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found), looked.log
    assert (looked.found.base.commit, looked.found.base.distance) == (MAIN[2], 1)
    assert looked.warnings == []


def test_find__a_failed_proof_is_passed_by_with_a_warning(history: HistoryApi, tmp_path: Path) -> None:
    history.keep(NAME, packed(validation=make_validation(cases=())), MERGE_BASE)
    looked = look(history, tmp_path)
    assert isinstance(looked.found, NoBase)
    assert len(looked.warnings) == 1
    assert "did not pass validation" in looked.warnings[0]


def test_find__none_yet_says_how_to_get_one(history: HistoryApi, tmp_path: Path) -> None:
    history.keep(NAME, GOOD, MAIN[5])
    looked = look(history, tmp_path)
    assert isinstance(looked.found, NoBase)
    assert looked.found.reason == (
        f"No baseline yet: there is no artifact '{NAME}' of a proven file for {MERGE_BASE[:7]}, the merge base, "
        "nor for a commit before it."
    )
    assert "Run this workflow on pushes to the base branch too" in looked.found.remedy
    assert looked.warnings == []
    assert looked.found.reason in looked.log


def test_find__a_branch_with_odd_characters(history: HistoryApi, tmp_path: Path) -> None:
    history.branches["release/1.0#x?"] = MAIN[-1]
    history.keep(NAME, GOOD, MERGE_BASE)
    side = {"repo": {"full_name": "acme/models"}}
    pull = {"number": 7, "head": {"sha": HEAD, **side}, "base": {"sha": MAIN[-1], "ref": "release/1.0#x?", **side}}
    assert isinstance(look(history, tmp_path, {"pull_request": pull}).found, Found)


def test_find__only_the_base_branchs_own_commits_are_near(history: HistoryApi, tmp_path: Path) -> None:
    side = "d" * 40
    history.parents[side] = (MAIN[0],)
    history.parents[MERGE_BASE] = (MAIN[2], side)
    history.keep(NAME, GOOD, side)
    history.keep(NAME, GOOD, MAIN[1])
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found)
    assert (looked.found.base.commit, looked.found.base.distance) == (MAIN[1], 2)


def test_find__a_long_way_back(history: HistoryApi, tmp_path: Path) -> None:
    line = [f"{number:040x}" for number in range(1_000, 1_250)]
    history.parents |= {commit: tuple(line[place - 1 : place]) for place, commit in enumerate(line)}
    history.parents[MAIN[0]] = (line[-1],)
    history.keep(NAME, GOOD, line[0])
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found), looked.log
    assert looked.found.base.distance == 253
    assert history.actions.api.calls.count("commits") == 3


def test_find__a_push_is_compared_with_the_commit_before_it(history: HistoryApi, tmp_path: Path) -> None:
    history.keep(NAME, GOOD, MAIN[4])
    looked = look(history, tmp_path, {"before": MAIN[4]}, GITHUB_EVENT_NAME="push", GITHUB_SHA=MAIN[5])
    assert isinstance(looked.found, Found), looked.log
    assert (looked.found.base.anchor, looked.found.base.distance) == ("the previous push", 0)
    assert "compare" not in history.actions.api.calls


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"baseline": "none"}, "No baseline was wanted."),
        ({"github_token": ""}, "No baseline: there is no repository of GitHub here, or no `github-token`."),
        ({"GITHUB_REPOSITORY": ""}, "No baseline: there is no repository of GitHub here, or no `github-token`."),
        ({"GITHUB_EVENT_NAME": "release"}, "No baseline: the event 'release' has no base."),
    ],
    ids=str,
)
def test_find__nothing_is_asked_where_there_is_none(
    history: HistoryApi, tmp_path: Path, overrides: dict[str, str], reason: str
) -> None:
    looked = look(history, tmp_path, **overrides)
    assert looked.found == NoBase(reason=reason, remedy=looked.found.remedy if isinstance(looked.found, NoBase) else "")
    assert (looked.warnings, history.actions.api.calls) == ([], [])


def test_find__an_event_that_cannot_be_read_is_one_warning(history: HistoryApi, tmp_path: Path) -> None:
    looked = look(history, tmp_path, {"pull_request": None})
    assert isinstance(looked.found, NoBase)
    assert len(looked.warnings) == 1
    assert "does not describe a pull request" in looked.warnings[0]
