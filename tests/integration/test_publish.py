"""A whole run with an artifact service: outputs name the artifact, and a failed upload costs no more than itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onnx_export_action import publish
from onnx_export_action.github.artifact.upload import Uploaded
from tests.integration import program
from tests.integration.artifact_case import contents, deliver, sha256
from tests.integration.artifact_server import ArtifactServer, Fault, running, token
from tests.integration.azurite import ROOT
from tests.integration.test_onnx_file import two_layers, write


@pytest.fixture
def github() -> Iterator[ArtifactServer]:
    with running() as server:
        yield server


def test_run__outputs_name_the_artifact_that_holds_the_bundle(github: ArtifactServer, tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    outcome = program.run(tmp_path, {"model": "network.onnx"}, environment=github.environment())
    assert outcome.status == 0, outcome.log
    (artifact,) = github.finished().values()
    assert artifact.name == "network-onnx"
    assert outcome.outputs["artifact-id"] == str(artifact.id)
    assert outcome.outputs["artifact-url"].endswith(f"/owner/name/actions/runs/7/artifacts/{artifact.id}")
    held = contents(artifact.content)
    assert held == {name: sha256((outcome.folder / name).read_bytes()) for name in outcome.names()}
    assert {file["path"]: file["sha256"] for file in outcome.report["files"]}.items() <= held.items()
    assert held["model.onnx"] == outcome.outputs["sha256"]


def test_run__a_failed_upload_leaves_verdict_files_outputs_and_summary(github: ArtifactServer, tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    github.faults = {"CreateArtifact": [Fault(403)]}
    outcome = program.run(tmp_path, {"model": "network.onnx"}, environment=github.environment())
    assert outcome.status == 4
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "pass"
    assert (outcome.folder / "model.onnx").is_file()
    assert not {"artifact-id", "artifact-url"} & outcome.outputs.keys()
    assert outcome.summary.rstrip() == (outcome.folder / "report.md").read_text().rstrip()
    assert outcome.log.count("::warning") == 1
    assert "::error" not in outcome.log
    assert token() not in outcome.log.replace(f"::add-mask::{token()}", "")


def test_run__a_file_that_changes_after_its_proof_is_not_delivered(
    github: ArtifactServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "network.onnx")
    real, file = publish.upload, tmp_path / "onnx-export" / "model.onnx"

    def late(*given: Any) -> Uploaded:
        """Another byte, and size and time as they were."""
        before, content = file.stat(), file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return real(*given)

    monkeypatch.setattr(publish, "upload", late)
    outcome = program.run(tmp_path, {"model": "network.onnx"}, environment=github.environment())
    assert (outcome.status, github.finished()) == (4, {})
    assert outcome.log.count("::warning") == 1
    assert "The artifact was not uploaded: model.onnx is not what the manifest lists" in outcome.log


def test_run__a_file_that_failed_is_kept_under_a_name_that_says_so(github: ArtifactServer, tmp_path: Path) -> None:
    write(tmp_path / "network.onnx", two_layers(opset=17))
    outcome = program.run(tmp_path, {"model": "network.onnx", "opset": "18"}, environment=github.environment())
    assert outcome.status == 1, outcome.log
    (artifact,) = github.finished().values()
    assert artifact.name == "network-onnx-failed"
    assert "model.onnx" not in contents(artifact.content)
    assert "model.failed.onnx" in contents(artifact.content)


def test_run__a_failed_upload_does_not_hide_a_failed_file(github: ArtifactServer, tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    github.faults = {"CreateArtifact": [Fault(403)]}
    outcome = program.run(tmp_path, {"model": "network.onnx", "opset": "18"}, environment=github.environment())
    assert outcome.status == 1


def test_publish__what_nobody_expects_is_a_sentence(
    github: ArtifactServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("of ours")

    monkeypatch.setattr(publish, "upload", fail)
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert "defect of this program" in done.publication.problems[0]
    assert "Traceback" not in done.log


def test_upload__memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    with running(keeps=False) as server:
        command = [sys.executable, "-m", "tests.integration.upload_large", str(tmp_path), str(400 << 20)]
        environment = {**os.environ, **server.environment(), "PYTHONPATH": str(ROOT / "src")}
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 200 << 20
    assert len(server.finished()) == 1
    assert "sent." in run.stderr
