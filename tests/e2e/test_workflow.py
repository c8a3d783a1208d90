"""A whole workflow in a real runner, `act`: outputs reach later steps, the artifact its server, all can be deleted."""

import re
import shutil
from pathlib import Path

import act
import pytest
from action import ROOT, check_out
from archive import assert_holds_its_manifest, files

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


@pytest.fixture
def repository(tmp_path: Path, bert: Path) -> Path:
    """This repository with a model and a workflow of a user's in it."""
    folder = tmp_path / "repository"
    for name in act.git("ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT).splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    check_out(bert, folder / "models" / "tiny-bert")
    (folder / "workflow.yml").write_text(WORKFLOW)
    act.commit(folder)
    return folder


@pytest.mark.usefixtures("docker")
def test_workflow__outputs_and_artifact_arrive_and_the_bundle_can_be_deleted(repository: Path) -> None:
    artifacts = repository.parent / "artifacts"
    server = ["--artifact-server-path", str(artifacts), "--artifact-server-addr", "127.0.0.1"]
    job = act.run(
        repository, "push", "--workflows", "workflow.yml", *server, "--artifact-server-port", str(act.free_port())
    )
    assert job.status == 0
    assert "seen: pass " in job.log
    assert " torchscript" in job.log
    assert "model.onnx: OK" in job.log
    assert "seen: deleted" in job.log
    assert re.search(r"artifact: [1-9]\d*$", job.log, re.MULTILINE)
    (archive,) = artifacts.rglob("*.zip")
    assert archive.name == "models-tiny-bert-onnx.zip"
    assert_holds_its_manifest(files(archive.read_bytes()))
