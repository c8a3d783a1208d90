"""A whole workflow in a real runner, `act`: outputs reach later steps, the artifact its server, all can be deleted."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from action import ROOT, check_out

ACT = Path(sys.prefix) / "bin" / "act"
# The steps need nothing but a shell, so the image's own base serves as the job's container.
JOB_IMAGE = "python:3.11-slim-bookworm"

WORKFLOW = """\
on: push
jobs:
  export:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - id: export
        uses: ./
        with:
          model: models/tiny-bert
          task: text-classification
          exporter: torchscript
          benchmark-seconds: 0
      - run: |
          echo "seen: $VERDICT $OPSET $EXPORTER"
          echo "artifact: $ARTIFACT"
          echo "$SHA256  $ONNX" | sha256sum --check
          rm -r onnx-export && echo "seen: deleted"
        env:
          ARTIFACT: ${{ steps.export.outputs.artifact-id }}
          EXPORTER: ${{ steps.export.outputs.exporter }}
          ONNX: ${{ steps.export.outputs.onnx-path }}
          OPSET: ${{ steps.export.outputs.opset }}
          SHA256: ${{ steps.export.outputs.sha256 }}
          VERDICT: ${{ steps.export.outputs.verdict }}
"""


def git(*arguments: str, folder: Path) -> str:
    """What git says."""
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    answer = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return answer.stdout


def free_port() -> int:
    """A port that nobody listens at now; act takes none of its own choice."""
    with socket.socket() as taken:
        taken.bind(("", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def repository(tmp_path: Path, bert: Path) -> Path:
    """This repository with a model and a workflow of a user's in it."""
    folder = tmp_path / "repository"
    for name in git("ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT).splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    check_out(bert, folder / "models" / "tiny-bert")
    (folder / "workflow.yml").write_text(WORKFLOW)
    git("init", "--quiet", folder=folder)
    git("add", "--all", folder=folder)
    git("commit", "--quiet", "--message", "A user's repository", folder=folder)
    return folder


@pytest.mark.usefixtures("docker")
def test_workflow__outputs_and_artifact_arrive_and_the_bundle_can_be_deleted(repository: Path) -> None:
    artifacts = repository.parent / "artifacts"
    command = [
        ACT,
        "push",
        "--rm",
        "--workflows",
        "workflow.yml",
        "--platform",
        f"ubuntu-latest={JOB_IMAGE}",
        "--pull=false",
        "--artifact-server-path",
        str(artifacts),
        "--artifact-server-port",
        str(free_port()),
    ]
    # act asks once for its settings unless its file exists.
    environment = {**os.environ, "XDG_CONFIG_HOME": str(repository.parent), "XDG_CACHE_HOME": str(repository.parent)}
    (repository.parent / "act").mkdir()
    (repository.parent / "act" / "actrc").touch()
    run = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "seen: pass " in run.stdout
    assert " torchscript" in run.stdout
    assert "model.onnx: OK" in run.stdout
    assert "seen: deleted" in run.stdout
    assert re.search(r"artifact: [1-9]\d*$", run.stdout, re.MULTILINE)
    (archive,) = artifacts.rglob("*.zip")
    assert archive.name == "models-tiny-bert-onnx.zip"
    assert_holds_its_manifest(archive)


def assert_holds_its_manifest(archive: Path) -> None:
    """Every file that the manifest in the archive names is there, as the manifest says."""
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        files = json.loads(opened.read("manifest.json"))["files"]
        assert {"model.onnx", "config.json"} <= {file["path"] for file in files}
        assert all(hashlib.sha256(opened.read(file["path"])).hexdigest() == file["sha256"] for file in files)
        assert json.loads(opened.read("report.json"))["verdict"] == "pass"
