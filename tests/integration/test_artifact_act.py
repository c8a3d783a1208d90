"""The artifact service of `act`, which runs workflows on any machine: whole archives, from a job's own step."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.artifact_case import contents, sha256
from tests.integration.azurite import ROOT

ACT = Path(sys.prefix) / "bin" / "act"
WORKFLOW = """\
on: push
jobs:
  upload:
    runs-on: ubuntu-latest
    steps:
      - run: '"{python}" -m tests.integration.deliver_bundle "{folder}"'
        working-directory: {root}
        env:
          PYTHONPATH: {root}/src
      - run: '"{python}" -m tests.integration.deliver_bundle "{folder}"'
        working-directory: {root}
        env:
          PYTHONPATH: {root}/src
"""


def free_port() -> int:
    """A port that nobody listens at now; act takes none of its own choice."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a workflow whose two steps deliver a bundle, one after another under one name."""
    folder = tmp_path / "repository"
    folder.mkdir()
    text = WORKFLOW.format(python=sys.executable, folder=tmp_path / "onnx-export", root=ROOT)
    (folder / "workflow.yml").write_text(text)
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for arguments in (
        ["init", "--quiet"],
        ["add", "--all"],
        [*identity, "commit", "--quiet", "--message", "A workflow"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    # act asks once for its settings unless its file exists.
    (tmp_path / "act").mkdir()
    (tmp_path / "act" / "actrc").touch()
    return folder


def test_act__stores_the_archive_that_was_sent_last(repository: Path, tmp_path: Path) -> None:
    options = ["--workflows", "workflow.yml", "--platform", "ubuntu-latest=-self-hosted"]
    server = ["--artifact-server-path", str(tmp_path / "artifacts"), "--artifact-server-addr", "127.0.0.1"]
    command = [str(ACT), "push", *options, *server, "--artifact-server-port", str(free_port())]
    places = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    run = subprocess.run(command, cwd=repository, env={**os.environ, **places}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = (tmp_path / "artifacts").rglob("*.zip")
    assert contents(archive.read_bytes()) == {
        path.name: sha256(path.read_bytes()) for path in (tmp_path / "onnx-export").iterdir()
    }
    assert run.stdout.count(f"SHA-256 {sha256(archive.read_bytes())}") == 2
