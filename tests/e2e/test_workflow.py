"""A whole workflow in a real runner, `act`: outputs reach later steps, and later steps can delete what was left."""

import os
import shutil
import subprocess
import sys
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
          echo "$SHA256  $ONNX" | sha256sum --check
          rm -r onnx-export && echo "seen: deleted"
        env:
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
def test_workflow__outputs_reach_the_next_step_which_can_delete_the_bundle(repository: Path) -> None:
    command = [
        ACT,
        "push",
        "--rm",
        "--workflows",
        "workflow.yml",
        "--platform",
        f"ubuntu-latest={JOB_IMAGE}",
        "--pull=false",
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
