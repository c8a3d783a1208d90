"""A whole run on a release: outputs and exit status, what a failed attachment costs, and a run that is cancelled."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import process, program
from tests.integration.github_api import Fault, GitHubApi, running_api
from tests.integration.github_releases_api import ReleasesApi, running_releases
from tests.integration.release_case import on_release
from tests.integration.test_onnx_file import two_layers, write

PAGE = "https://github.com/acme/models/releases/tag/v1.0.0"


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with running_api() as server:
        yield server


@pytest.fixture
def releases(api: GitHubApi) -> Iterator[ReleasesApi]:
    with running_releases(api) as found:
        found.publish()
        yield found


def inputs(api: GitHubApi, **others: str) -> dict[str, str]:
    return {"model": "network.onnx", "github-token": api.token, **others}


def hidden(log: str, token: str) -> bool:
    """Whether the log has the token only where it tells the runner to hide it."""
    return token not in log.replace(f"::add-mask::{token}", "")


def test_run__the_release_has_what_the_outputs_and_the_manifest_say(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, waits: list[float]
) -> None:
    del waits
    write(tmp_path / "network.onnx")
    outcome = program.run(tmp_path, inputs(api), environment=on_release(api, tmp_path))
    assert outcome.status == 0, outcome.log
    assert outcome.outputs["release-url"] == PAGE
    held = {name.removeprefix("network--"): content for name, content in releases.held().items()}
    assert hashlib.sha256(held["model.onnx"]).hexdigest() == outcome.outputs["sha256"]
    sums = {f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in held.items() if name != "SHA256SUMS"}
    assert set(held["SHA256SUMS"].decode().splitlines()) == sums
    assert held.keys() == {"model.onnx", "manifest.json", "report.json", "report.html", "SHA256SUMS"}
    assert held["report.json"] == (outcome.folder / "report.json").read_bytes()
    assert hidden(outcome.log, api.token)


def test_run__a_failed_attachment_leaves_verdict_files_and_outputs(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, waits: list[float]
) -> None:
    del waits
    write(tmp_path / "network.onnx")
    api.faults["upload"] = Fault(status=403, message="Resource not accessible by integration")
    outcome = program.run(tmp_path, inputs(api), environment=on_release(api, tmp_path))
    assert outcome.status == 4
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "pass"
    assert "release-url" not in outcome.outputs
    assert (outcome.folder / "model.onnx").is_file()
    (warning,) = [line for line in outcome.log.splitlines() if line.startswith("::warning")]
    assert "permissions: contents: write" in warning
    assert hidden(outcome.log, api.token)
    assert releases.held() == {}


def test_run__a_file_that_failed_is_not_attached(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path, waits: list[float]
) -> None:
    del waits
    write(tmp_path / "network.onnx", two_layers(opset=17))
    outcome = program.run(tmp_path, inputs(api, opset="18"), environment=on_release(api, tmp_path))
    assert outcome.status == 1
    assert "The verdict is fail, so nothing is attached to the release 'v1.0.0'." in outcome.log
    assert releases.assets == {}


def test_run__cancelled_in_an_upload_says_so_and_leaves_the_release_as_it_was(
    api: GitHubApi, releases: ReleasesApi, tmp_path: Path
) -> None:
    write(tmp_path / "network.onnx")
    api.faults["upload"] = Fault("hang")
    with process.started(tmp_path, inputs(api), on_release(api, tmp_path)) as running:
        running.until("Sending network--")
        running.send(signal.SIGTERM)
        outcome = running.end()
    assert outcome.status == 4
    assert outcome.outputs["verdict"] == "pass"
    assert "The run was cancelled before all was delivered." in outcome.log
    assert "Traceback" not in outcome.log
    assert releases.held() == {}
