"""The bundle as assets of a release of GitHub's described API."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import make_failed_report
from tests.integration.azurite import ROOT
from tests.integration.github_api import GitHubApi, running_api
from tests.integration.github_releases_api import ReleasesApi, running_releases
from tests.integration.release_case import ASSETS, FILES, deliver, on_release, on_tag, write_bundle

PAGE = "https://github.com/acme/models/releases/tag/v1.0.0"
WRITES = {"upload", "rename", "remove"}
MIB = 1 << 20


@pytest.fixture
def api(waits: list[float]) -> Iterator[GitHubApi]:
    del waits
    with running_api() as server:
        yield server


@pytest.fixture
def releases(api: GitHubApi) -> Iterator[ReleasesApi]:
    with running_releases(api) as found:
        yield found


def written(api: GitHubApi) -> list[str]:
    """The calls that change something."""
    return [call for call in api.calls if call in WRITES]


def test_attach__the_bundle_is_on_the_release(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    done = deliver(api, tmp_path)
    assert (done.attached.url, done.attached.problem, done.warnings) == (PAGE, None, [])
    held = releases.held()
    assert held.keys() == ASSETS
    assert len(releases.assets) == len(ASSETS)
    assert held["sentiment--model.onnx"] == FILES["model.onnx"]
    assert b"".join(held[name] for name in sorted(held) if ".part" in name) == FILES["model.onnx_data"]
    assert "The release 'v1.0.0' has the bundle, 11 files sent" in done.log


def test_attach__the_smallest_file_tries_the_token(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    api.may = lambda method, _path: method == "GET"
    done = deliver(api, tmp_path)
    assert "The token may not do this (status 403). Give the job `permissions: contents: write`" in done.warnings[0]
    assert len(done.warnings) == 1
    assert written(api) == ["upload"]
    assert done.log.count("Sending") == done.log.count("Sending sentiment--tokenizer.json") == 1


def test_attach__a_rerun_that_changes_nothing_sends_nothing(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    releases.publish()
    deliver(api, tmp_path)
    api.calls.clear()
    done = deliver(api, tmp_path)
    assert written(api) == []
    assert done.attached.url == PAGE
    assert "nothing has changed" in done.log


@pytest.mark.parametrize("tells_digests", [True, False])
def test_attach__a_rerun_replaces_what_changed_and_removes_what_is_gone(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, tells_digests: bool
) -> None:
    releases.tells_digests = tells_digests
    releases.publish()
    other = releases.put("sentiment--notes.txt", b"by hand")
    deliver(api, tmp_path)
    api.calls.clear()
    (tmp_path / "onnx-export" / "model.onnx_data").unlink()
    report = write_bundle(tmp_path / "onnx-export", {"model.onnx": b"ONNX" * 200, "config.json": FILES["config.json"]})
    done = deliver(api, tmp_path, report)
    assert done.warnings == []
    held = releases.held()
    assert held["sentiment--model.onnx"] == b"ONNX" * 200
    assert held.keys() == {name for name in ASSETS if ".part" not in name} | {other.name}
    # Model, manifest and sums; the four parts are gone. Without digests, nothing is known to be the same.
    assert api.calls.count("upload") == (3 if tells_digests else 7)
    assert api.calls.count("rename") == api.calls.count("upload")


def test_attach__another_jobs_asset_of_the_same_name_stays(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    releases.publish()
    deliver(api, tmp_path)
    before = releases.held()
    api.calls.clear()
    report = write_bundle(tmp_path / "onnx-export", {**FILES, "model.onnx": b"another opset"})
    done = deliver(api, tmp_path, report, opset="17")
    assert "'sentiment--" in done.warnings[0]
    assert "Give this model another `artifact-name`, or delete the asset." in done.warnings[0]
    assert (releases.held(), written(api)) == (before, [])
    again = deliver(api, tmp_path, report, opset="17", artifact_name="sentiment at 17")
    assert again.warnings == []
    assert releases.held()["sentiment-at-17--model.onnx"] == b"another opset"
    assert releases.held().items() >= before.items()


def test_attach__a_persons_asset_of_the_same_name_stays(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    releases.put("sentiment--model.onnx", b"by hand", label="The model")
    done = deliver(api, tmp_path)
    assert "'sentiment--model.onnx' that another job or person put there" in done.warnings[0]
    assert releases.held() == {"sentiment--model.onnx": b"by hand"}


def test_attach__a_broken_run_leaves_the_old_files_and_the_next_run_cleans_up(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    releases.publish()
    deliver(api, tmp_path)
    before = releases.held()
    content = {**FILES, "model.onnx": b"new" * 400, "config.json": b'{"model_type": "gpt2"}'}
    report = write_bundle(tmp_path / "onnx-export", content)
    api.calls.clear()
    releases.fails_from = 2
    done = deliver(api, tmp_path, report)
    assert "is not attached" in done.warnings[0]
    assert releases.held().items() >= before.items()
    assert [asset.state for asset in releases.assets.values() if asset.name not in before] == ["uploaded", "starter"]

    releases.fails_from = None
    api.calls.clear()
    assert deliver(api, tmp_path, report).warnings == []
    assert releases.held().keys() == ASSETS
    assert len(releases.assets) == len(ASSETS)
    assert releases.held()["sentiment--model.onnx"] == content["model.onnx"]
    assert api.calls.count("upload") == 3  # of four that changed; the first had arrived


@pytest.mark.parametrize("published", [True, False])
def test_attach__a_pushed_tag_finds_its_release_or_draft(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, published: bool
) -> None:
    for number in range(120):
        releases.publish(f"v0.0.{number}")
    wanted = releases.publish("v1.0.0", draft=not published)
    draft = releases.publish("v1.0.0", draft=True) if published else None
    done = deliver(api, tmp_path, variables=on_tag(api))
    assert done.warnings == []
    assert releases.held(wanted).keys() == ASSETS
    assert draft is None or releases.held(draft) == {}


@pytest.mark.parametrize("choice", ["auto", "always"])
def test_attach__a_tag_without_a_release_is_a_line_or_a_warning(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, choice: str
) -> None:
    releases.publish("v2.0.0")
    done = deliver(api, tmp_path, variables=on_tag(api), release_assets=choice)
    assert "There is no release of the tag 'v1.0.0' to attach to" in done.log
    assert len(done.warnings) == (choice == "always")
    assert (done.attached.problem is None) is (choice == "auto")
    assert releases.assets == {}


def test_attach__always_is_for_any_run_on_a_tag(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    by_hand = on_tag(api, event="workflow_dispatch")
    assert deliver(api, tmp_path, variables=by_hand).attached.url is None
    assert api.calls == []
    assert deliver(api, tmp_path, variables=by_hand, release_assets="always").attached.url == PAGE


@pytest.mark.parametrize("action", ["deleted", "unpublished"])
def test_attach__a_release_that_is_gone_gets_nothing(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, action: str
) -> None:
    releases.publish()
    done = deliver(api, tmp_path, variables=on_release(api, tmp_path, action=action))
    assert (done.attached.url, done.log, api.calls) == (None, "", [])


def test_attach__never_and_other_events_ask_nothing(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    assert deliver(api, tmp_path, release_assets="never").log == ""
    branch = {**on_tag(api), "GITHUB_REF_TYPE": "branch"}
    assert deliver(api, tmp_path, variables=branch, release_assets="always").log == ""
    assert api.calls == []


def test_attach__a_failed_verdict_attaches_nothing(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    done = deliver(api, tmp_path, make_failed_report())
    assert done.log == "The verdict is fail, so nothing is attached to the release 'v1.0.0'.\n"
    assert (done.attached.problem, api.calls) == (None, [])


@pytest.mark.parametrize("told", [True, False])
def test_attach__an_immutable_release_is_one_sentence(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, told: bool
) -> None:
    number = releases.publish(immutable=True)
    releases.hides_immutable = not told
    done = deliver(api, tmp_path)
    assert len(done.warnings) == 1
    assert "Release 'v1.0.0' is immutable and published: GitHub takes no more assets for it." in done.warnings[0]
    assert written(api) == ([] if told else ["upload"])
    assert releases.held(number) == {}


def test_attach__an_immutable_release_that_has_all_is_right(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    number = releases.publish(draft=True)
    deliver(api, tmp_path)
    releases.releases[number] |= {"draft": False, "immutable": True}
    done = deliver(api, tmp_path)
    assert (done.attached.url, done.warnings) == (PAGE, [])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"action": "published", "release": {"id": 0, "tag_name": "v1"}}'])
def test_attach__an_event_that_cannot_be_read_is_a_sentence(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, content: str
) -> None:
    variables = on_release(api, tmp_path)
    Path(variables["GITHUB_EVENT_PATH"]).write_text(content)
    (warning,) = deliver(api, tmp_path, variables=variables).warnings
    assert "The event file of the runner does not describe a release." in warning
    assert releases.assets == {}


def test_attach__a_file_that_changed_since_its_proof_is_not_attached(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    releases.publish()
    report = write_bundle(tmp_path / "onnx-export")
    (tmp_path / "onnx-export" / "model.onnx").write_bytes(b"something else")
    (warning,) = deliver(api, tmp_path, report).warnings
    assert "'model.onnx' has changed since it was proven." in warning
    assert releases.assets == {}


def test_attach__what_cannot_be_an_asset_is_left_out_or_refused(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    releases.publish()
    odd = {"model.onnx": b"onnx", "vocab.txt": b"", "tokenizer (1).json": b"{}"}
    done = deliver(api, tmp_path, write_bundle(tmp_path / "onnx-export", odd))
    assert "Left out, as empty or named as no asset can be: tokenizer (1).json, vocab.txt." in done.log
    assert b"vocab" not in releases.held()["sentiment--SHA256SUMS"]
    refused = write_bundle(tmp_path / "onnx-export", {"model.onnx": b"onnx", "weights é_data": b"w"})
    assert "No asset of a release can be named 'weights é_data'" in deliver(api, tmp_path, refused).warnings[0]


def test_attach__an_upload_address_elsewhere_gets_no_token(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    releases.publish(upload_url="http://localhost:9/repos/acme/models/releases/300/assets{?name,label}")
    (warning,) = deliver(api, tmp_path).warnings
    assert "GitHub named an address for uploads that is not its own." in warning


def test_attach__more_assets_than_a_release_takes(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    for number in range(995):
        releases.put(f"{number}.txt", b"x")
    (warning,) = deliver(api, tmp_path).warnings
    assert "GitHub takes 1,000 assets a release" in warning
    assert written(api) == []


def test_attach__two_gibibytes_in_little_memory(api: GitHubApi, releases: ReleasesApi, tmp_path: Path) -> None:
    releases.publish()
    size = 1 << 31
    command = [sys.executable, "-m", "tests.integration.attach_large", str(tmp_path), str(size), api.url, api.token]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 60 * MIB
    assert {asset.name: asset.size for asset in releases.assets.values() if asset.size > MIB} == {
        "sentiment--model.onnx_data.part001": 1 << 30,
        "sentiment--model.onnx_data.part002": 1 << 30,
    }
    zeros = hashlib.sha256()
    for _ in range(1024):
        zeros.update(bytes(MIB))
    digests = {asset.digest for asset in releases.assets.values() if asset.size > MIB}
    assert digests == {f"sha256:{zeros.hexdigest()}"}
    assert done.stderr.count(" of 1.07 GB sent.") == 20
