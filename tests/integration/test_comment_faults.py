"""Whatever GitHub's API does at any call: no traceback, one warning, never a second comment, nobody's part lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from onnx_export_action.github import rest
from onnx_export_action.github.comment import text as comment_text
from tests.factories import make_failed_report
from tests.integration.comment_case import tell
from tests.integration.github_api import Call, Fault, GitHubApi, running_api

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
READ_ONLY = "Resource not accessible by integration"


def reset_at(second: int) -> dict[str, str]:
    """A limit that ends at a time of GitHub's clock."""
    return {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(second)}


# A fault that stays, and a word of the sentence that tells of it.
LASTING = {
    "401": (Fault(status=401, message="Bad credentials"), "not valid"),
    "403 read-only": (Fault(status=403, message=READ_ONLY), "pull-requests: write"),
    "403 secondary limit": (Fault(status=403, message=SECONDARY), "rate limit"),
    "403 limit, an hour": (Fault(status=403, message=SECONDARY, headers={"Retry-After": "3600"}), "rate limit"),
    "404": (Fault(status=404, message="Not Found"), "does not exist"),
    "409": (Fault(status=409, message="Conflict"), "refused"),
    "410": (Fault(status=410, message="Gone"), "does not exist"),
    "413": (Fault(status=413, message="Payload Too Large"), "refused"),
    "403 limit, a clock behind": (Fault(status=403, message=SECONDARY, headers=reset_at(99_999_999_999)), "rate limit"),
    "403 limit, a clock ahead": (Fault(status=403, message=SECONDARY, headers=reset_at(1)), "rate limit"),
    "422": (Fault(status=422, message="Validation Failed"), "refused"),
    "429": (Fault(status=429, headers={"Retry-After": "1"}), "rate limit"),
    "429, at a date": (Fault(status=429, headers={"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}), "rate limit"),
    "500": (Fault(status=500), "500"),
    "502": (Fault(status=502), "502"),
    "503": (Fault(status=503), "503"),
    "hang": (Fault("hang"), "GitHub"),
    "reset": (Fault("reset"), "broke off"),
    "truncated": (Fault("truncated"), ""),
    "malformed": (Fault("malformed"), "cannot be read"),
}
PASSING = {
    "403 secondary limit": Fault(status=403, message=SECONDARY, times=1),
    "429": Fault(status=429, headers={"Retry-After": "2"}, times=1),
    "429 without a time": Fault(status=429, times=1),
    "500": Fault(status=500, times=1),
    "503": Fault(status=503, times=1, headers={"Retry-After": "3"}),
    "502, done": Fault(status=502, times=1, done=True),
    "hang": Fault("hang", times=1),
    "hang, done": Fault("hang", times=1, done=True),
    "reset": Fault("reset", times=1),
    "reset, done": Fault("reset", times=1, done=True),
    "truncated, done": Fault("truncated", times=1, done=True),
    "malformed, done": Fault("malformed", times=1, done=True),
}
CALLS: tuple[Call, ...] = ("viewer", "list", "create", "update")


@pytest.fixture
def api(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubApi]:
    del waits
    monkeypatch.setattr(rest, "TIMEOUT_SECONDS", 1)
    with running_api() as server:
        yield server


def prepare(api: GitHubApi, folder: Path, call: Call) -> None:
    """Another job's part stands already, where ours is to be added to it; twice, where one of two is to go."""
    if call in ("update", "delete"):
        tell(api, folder, model="acme/other")
        api.calls.clear()
    if call == "delete":
        api.add(*api.texts())


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", LASTING)
def test_comment_on__a_fault_that_stays_is_one_warning(api: GitHubApi, tmp_path: Path, call: Call, name: str) -> None:
    fault, word = LASTING[name]
    prepare(api, tmp_path, call)
    before = dict(api.bodies)
    api.faults[call] = fault
    told = tell(api, tmp_path, make_failed_report())
    if call == "viewer" and fault.status in (403, 404, 422) and fault.kind == "status" and told.said.url:
        assert len(api.texts()) == 1  # a server that does not tell who we are
        return
    assert told.said.url is None
    assert len(told.warnings) == 1
    assert "The comment was not written." in told.warnings[0]
    assert "The report is in the job summary and in onnx-export." in told.warnings[0]
    assert word in told.warnings[0]
    assert "Traceback" not in told.log
    assert "defect" not in told.log
    assert api.bodies == before
    assert api.calls.count(call) <= 9


@pytest.mark.parametrize("name", LASTING)
def test_comment_on__a_second_comment_that_stays_is_one_warning(api: GitHubApi, tmp_path: Path, name: str) -> None:
    prepare(api, tmp_path, "delete")
    api.faults["delete"], word = LASTING[name]
    told = tell(api, tmp_path, make_failed_report())
    assert told.said.url == "https://github.com/acme/models/pull/7#issuecomment-1000"
    (warning,) = told.warnings
    assert "A second comment of this workflow was not removed." in warning
    assert word in warning or name == "403 read-only"
    assert "Traceback" not in told.log
    assert len(comment_text.parts_of(api.texts()[0])) == 2
    assert len(api.texts()) == 2
    assert api.calls.count("delete") <= 3


@pytest.mark.parametrize("call", [*CALLS, "delete"])
@pytest.mark.parametrize("name", PASSING)
def test_comment_on__a_fault_that_passes_leaves_one_comment(
    api: GitHubApi, tmp_path: Path, call: Call, name: str
) -> None:
    prepare(api, tmp_path, call)
    api.faults[call] = PASSING[name]
    told = tell(api, tmp_path, make_failed_report())
    assert told.warnings == []
    assert told.said.url
    (text,) = api.texts()
    first = call not in ("update", "delete")
    assert len(comment_text.parts_of(text)) == (1 if first else 2)
    assert api.calls.count("create") == first * (2 if call == "create" and not PASSING[name].done else 1)


@pytest.mark.parametrize("years", [-20, 20])
def test_comment_on__a_clock_far_off_changes_nothing(
    api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + years * 365 * 86_400)
    prepare(api, tmp_path, "delete")
    told = tell(api, tmp_path, make_failed_report())
    assert told.warnings == []
    assert len(api.texts()) == 1


@pytest.mark.parametrize("done", [True, False])
def test_comment_on__a_write_that_always_hangs(api: GitHubApi, tmp_path: Path, done: bool) -> None:
    api.faults["create"] = Fault("hang", done=done)
    told = tell(api, tmp_path)
    assert (told.said.url is not None) is done
    assert len(told.warnings) == (not done)
    assert len(api.texts()) == done


def test_comment_on__nobody_listens(tmp_path: Path, waits: list[float]) -> None:
    told = tell(GitHubApi(url="http://127.0.0.1:9"), tmp_path)
    assert len(told.warnings) == 1
    assert "The connection to GitHub failed" in told.warnings[0]
    assert sum(waits) < 120


def test_comment_on__a_page_elsewhere_gets_no_token(api: GitHubApi, tmp_path: Path) -> None:
    api.next_page = "http://localhost:9/elsewhere"
    told = tell(api, tmp_path)
    assert "cannot be read" in told.warnings[0]
