"""What was uploaded to a real block store comes back whole through GitHub's own client."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.artifact_case import NAME, contents, deliver, sha256
from tests.integration.artifact_server import ArtifactServer, Fault, running
from tests.integration.azurite import ROOT, Store, running_azurite


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_azurite(tmp_path_factory.mktemp("azurite")) as store:
        yield store


@pytest.fixture
def github(azurite: Store) -> Iterator[ArtifactServer]:
    with running(store=azurite.sign) as service:
        yield service


def download(server: ArtifactServer, name: str, folder: Path) -> dict[str, object]:
    """The official client's answer; its files are in `folder`."""
    command = ["node", str(ROOT / "tests" / "integration" / "download_artifact.mjs"), name, str(folder)]
    environment = {"PATH": os.environ["PATH"], "GITHUB_WORKSPACE": str(folder), **server.environment()}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    answer: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return answer


def test_download__the_official_client_gets_the_manifests_files(github: ArtifactServer, tmp_path: Path) -> None:
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert done.publication.problems == ()
    answer = download(github, NAME, tmp_path / "download")
    assert (answer["id"], answer["digestMismatch"]) == (done.publication.artifact_id, False)
    manifest = json.loads((tmp_path / "download" / "manifest.json").read_text())
    for file in manifest["files"]:
        assert sha256((tmp_path / "download" / file["path"]).read_bytes()) == file["sha256"], file["path"]
    assert {path.name for path in (tmp_path / "download").iterdir()} == {
        path.name for path in (tmp_path / "onnx-export").iterdir()
    }


def test_download__size_and_hash_are_those_of_the_stored_archive(
    github: ArtifactServer, azurite: Store, tmp_path: Path
) -> None:
    deliver(tmp_path / "onnx-export", github.environment(), artifact_name="archive")
    archive = azurite.read("archive")
    assert contents(archive)
    final = github.finished()["archive"].final or {}
    assert (final["size"], final["hash"]) == (str(len(archive)), f"sha256:{sha256(archive)}")


def test_upload__an_address_that_the_store_refuses_is_a_sentence(azurite: Store, tmp_path: Path) -> None:
    with running(store=lambda name, _: azurite.sign(name, "r")) as service:
        done = deliver(tmp_path / "onnx-export", service.environment())
    assert "was refused with status 403" in done.publication.problems[0]
    assert "sig=" not in done.publication.problems[0]


def test_download__an_artifact_that_was_finished_at_the_second_try(azurite: Store, tmp_path: Path) -> None:
    with running(store=azurite.sign) as service:
        service.faults = {"FinalizeArtifact": [Fault(503)]}
        done = deliver(tmp_path / "onnx-export", service.environment(), artifact_name="again")
        answer = download(service, "again", tmp_path / "download")
    assert answer["id"] == done.publication.artifact_id
    assert done.pauses == [2]
