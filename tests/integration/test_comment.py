"""The comment on GitHub's API: one a workflow, shared, updated in place, and nobody else's touched."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from onnx_export_action.github.comment import page as comment_page
from onnx_export_action.github.comment import text as comment_text
from tests.factories import make_failed_report, make_model, make_report
from tests.integration.comment_case import tell
from tests.integration.github_api import ACTIONS, GitHubApi, running_api

pytestmark = pytest.mark.usefixtures("waits")
MARKER = comment_page.marker("CI")


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with running_api() as server:
        yield server


def test_comment_on__the_first_run_posts_the_second_updates_in_place(api: GitHubApi, tmp_path: Path) -> None:
    first = tell(api, tmp_path)
    second = tell(api, tmp_path, make_failed_report(), GITHUB_RUN_ID="6")
    (text,) = api.texts()
    assert first.said == second.said
    assert first.said.url == "https://github.com/acme/models/pull/7#issuecomment-1000"
    assert "❌ fail" in text
    assert "✅" not in text.splitlines()[2]
    assert (api.calls.count("create"), api.calls.count("update")) == (1, 1)


def test_comment_on__an_unchanged_report_writes_nothing(api: GitHubApi, tmp_path: Path) -> None:
    tell(api, tmp_path)
    again = tell(api, tmp_path, GITHUB_RUN_ID="6")
    assert again.said.url
    assert "update" not in api.calls
    tell(api, tmp_path, GITHUB_RUN_ID="7", comment="always")
    assert api.calls.count("update") == 1


def test_comment_on__jobs_share_one_comment(api: GitHubApi, tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        tell(api, tmp_path, make_report(model=make_model(id=f"acme/{name}")), model=f"acme/{name}")
    tell(api, tmp_path, make_failed_report(model=make_model(id="acme/c")), model="acme/c", GITHUB_RUN_ATTEMPT="2")
    (text,) = api.texts()
    parts = comment_text.parts_of(text)
    assert [(part.row.model, part.row.verdict) for part in parts] == [
        ("acme/c", "fail"),
        ("acme/a", "pass"),
        ("acme/b", "pass"),
    ]


def test_comment_on__jobs_at_the_same_time_make_one_comment(api: GitHubApi, tmp_path: Path) -> None:
    names = [f"acme/{letter}" for letter in "abcd"]
    folders = [tmp_path / name.replace("/", "-") for name in names]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name, folder: tell(api, folder, model=name), names, folders))
    # Without real pauses some part may be gone still; the next run of each puts it back and leaves the rest.
    for name, folder in zip(names, folders, strict=True):
        assert tell(api, folder, model=name).warnings == []
    (text,) = api.texts()
    assert len(comment_text.parts_of(text)) == 4


@pytest.mark.parametrize(
    ("author", "token_owner"),
    [("mallory", ACTIONS), ("dependabot[bot]", ACTIONS), ("github-actions", ACTIONS), (ACTIONS, "octocat")],
)
def test_comment_on__a_marked_comment_of_somebody_else_stays(
    api: GitHubApi, tmp_path: Path, author: str, token_owner: str
) -> None:
    api.login = token_owner
    foreign = api.add(f"{MARKER}\n\nMine.", author)
    tell(api, tmp_path)
    assert api.bodies[foreign] == (author, f"{MARKER}\n\nMine.")
    assert len(api.texts(token_owner)) == 1
    tell(api, tmp_path, make_failed_report(), GITHUB_RUN_ID="6")
    assert len(api.texts(token_owner)) == 1


@pytest.mark.parametrize("viewer", ["github-actions", ACTIONS])
def test_comment_on__the_bot_is_known_by_either_of_its_names(api: GitHubApi, tmp_path: Path, viewer: str) -> None:
    api.viewer = viewer
    tell(api, tmp_path)
    tell(api, tmp_path, make_failed_report(), GITHUB_RUN_ID="6")
    assert len(api.bodies) == 1


def test_comment_on__finds_its_comment_on_a_later_page(api: GitHubApi, tmp_path: Path) -> None:
    api.page = 2
    for number in range(5):
        api.add(f"Comment {number}.", "octocat")
    tell(api, tmp_path)
    tell(api, tmp_path, make_failed_report(), GITHUB_RUN_ID="6")
    assert len(api.texts()) == 1
    assert "❌ fail" in api.texts()[0]


def test_comment_on__a_second_comment_of_ours_is_merged_and_removed(api: GitHubApi, tmp_path: Path) -> None:
    tell(api, tmp_path, model="acme/a")
    first = api.texts()[0]
    api.bodies.clear()
    tell(api, tmp_path, model="acme/b")
    api.add(first)
    tell(api, tmp_path, model="acme/c")
    (text,) = api.texts()
    assert len(comment_text.parts_of(text)) == 3
    assert api.calls.count("delete") == 1


def test_comment_on__workflows_have_a_comment_each(api: GitHubApi, tmp_path: Path) -> None:
    tell(api, tmp_path)
    tell(api, tmp_path, GITHUB_WORKFLOW="Nightly")
    assert len(api.texts()) == 2


@pytest.mark.parametrize(
    "overrides",
    [{"comment": "never"}, {"GITHUB_EVENT_NAME": "push"}, {"GITHUB_EVENT_NAME": "workflow_run"}, {"github_token": ""}],
)
def test_comment_on__nothing_is_asked_where_there_is_nothing_to_say_it_to(
    api: GitHubApi, tmp_path: Path, overrides: dict[str, str]
) -> None:
    told = tell(api, tmp_path, **overrides)
    assert (told.said.url, told.said.problem, told.warnings, api.calls) == (None, None, [], [])


def test_comment_on__an_event_file_that_is_gone_is_one_warning(api: GitHubApi, tmp_path: Path) -> None:
    told = tell(api, tmp_path, GITHUB_EVENT_PATH="gone.json")
    assert len(told.warnings) == 1
    assert "The event file of the runner cannot be read: No such file or directory." in told.warnings[0]


def test_comment_on__the_token_is_in_no_text(api: GitHubApi, tmp_path: Path) -> None:
    told = tell(api, tmp_path)
    assert api.token not in told.log + "".join(api.texts())
