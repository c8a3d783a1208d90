"""Whatever GitHub's API does at any call: no traceback, one warning, nothing sent twice, the old files stay whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from onnx_export_action.github import rest
from onnx_export_action.github.release import assets
from onnx_export_action.records import Report
from tests.integration.github_api import Call, Fault, GitHubApi, running_api
from tests.integration.github_releases_api import ReleasesApi, running_releases
from tests.integration.release_case import deliver, on_release, on_tag, write_bundle
from tests.integration.test_comment_faults import LASTING, PASSING

READS: tuple[Call, ...] = ("release", "releases", "assets")
WRITES: tuple[Call, ...] = ("upload", "rename", "remove")
OLD = {"model.onnx": b"onnx" * 200, "tokenizer.json": b"{}"}
NEW = {**OLD, "model.onnx": b"ONNX" * 200}
CHANGED = {"sentiment--model.onnx", "sentiment--manifest.json", "sentiment--SHA256SUMS"}


@pytest.fixture
def api(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubApi]:
    del waits
    monkeypatch.setattr(rest, "TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(assets, "UPLOAD_SECONDS", 1)
    with running_api() as server:
        yield server


@pytest.fixture
def releases(api: GitHubApi) -> Iterator[ReleasesApi]:
    with running_releases(api) as found:
        yield found


def prepare(api: GitHubApi, releases: ReleasesApi, folder: Path) -> Report:
    """A release with the files of an earlier run, and a bundle of which three files are others."""
    releases.publish()
    deliver(api, folder, write_bundle(folder / "onnx-export", OLD))
    api.calls.clear()
    return write_bundle(folder / "onnx-export", NEW)


def variables(api: GitHubApi, folder: Path, call: Call) -> dict[str, str]:
    """An event on which the call is made."""
    return on_tag(api) if call == "releases" else on_release(api, folder)


@pytest.mark.parametrize("call", [*READS, *WRITES])
@pytest.mark.parametrize("name", LASTING)
def test_attach__a_fault_that_stays_is_one_warning(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, call: Call, name: str
) -> None:
    report = prepare(api, releases, tmp_path)
    before = releases.held()
    api.faults[call], word = LASTING[name]
    done = deliver(api, tmp_path, report, variables(api, tmp_path, call))
    assert done.attached.url is None
    (warning,) = done.warnings
    assert "The bundle is not attached to the release." in warning
    assert "The files are in onnx-export; a re-run of the job attaches what is missing." in warning
    gone_but_there = call == "remove" and name in ("404", "410")
    wanted = {"pull-requests: write": "contents: write"}.get(word, word)
    assert wanted in warning or gone_but_there
    assert "defect" not in warning
    held = releases.held()
    # A name is free for a moment; what it had is whole then, under the name of its upload.
    assert held.items() >= before.items() or call == "rename"
    assert {name for name in before if name not in held} <= CHANGED
    assert api.calls.count(call) <= 12

    api.faults.clear()
    assert deliver(api, tmp_path, report).warnings == []
    assert releases.held().keys() == before.keys()
    assert len(releases.assets) == len(before)
    assert releases.held()["sentiment--model.onnx"] == NEW["model.onnx"]


@pytest.mark.parametrize("call", [*READS, *WRITES])
@pytest.mark.parametrize("name", PASSING)
def test_attach__a_fault_that_passes_is_no_warning_and_nothing_is_sent_twice(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, call: Call, name: str
) -> None:
    report = prepare(api, releases, tmp_path)
    before = releases.held()
    api.faults[call] = PASSING[name]
    done = deliver(api, tmp_path, report, variables(api, tmp_path, call))
    assert done.warnings == []
    assert releases.held().keys() == before.keys()
    assert len(releases.assets) == len(before)
    assert releases.held()["sentiment--model.onnx"] == NEW["model.onnx"]
    failed = not PASSING[name].done
    assert api.calls.count("upload") == len(CHANGED) + (failed and call == "upload")
    assert api.calls.count("rename") == len(CHANGED) + (failed and call == "rename")


@pytest.mark.parametrize("years", [-20, 20])
def test_attach__a_clock_far_off_changes_nothing(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    report = prepare(api, releases, tmp_path)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + years * 365 * 86_400)
    assert deliver(api, tmp_path, report).warnings == []
    assert releases.held()["sentiment--model.onnx"] == NEW["model.onnx"]


def test_attach__a_write_that_always_hangs_but_is_done(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    report = prepare(api, releases, tmp_path)
    api.faults["upload"] = Fault("hang", done=True, times=3)
    assert deliver(api, tmp_path, report).warnings == []
    assert api.calls.count("upload") == len(CHANGED)


def test_attach__nobody_listens(tmp_path: Path, waits: list[float]) -> None:
    (warning,) = deliver(GitHubApi(url="http://127.0.0.1:9"), tmp_path).warnings
    assert "The connection to GitHub failed" in warning
    assert sum(waits) < 120


def test_attach__only_the_host_of_uploads_is_silent(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, waits: list[float]
) -> None:
    releases.publish(upload_url="http://127.0.0.1:9/repos/acme/models/releases/300/assets{?name,label}")
    (warning,) = deliver(api, tmp_path).warnings
    assert "The connection to GitHub failed" in warning
    assert sum(waits) < 120


def test_attach__a_digest_that_is_not_ours(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    """A disk or a network that changes bytes: the upload is not used, and the old file stays."""
    report = prepare(api, releases, tmp_path)
    before = releases.held()
    releases.spoils = True
    (warning,) = deliver(api, tmp_path, report).warnings
    assert "has not arrived as it was sent." in warning
    assert api.calls.count("upload") == 4
    assert releases.held().items() >= before.items()
