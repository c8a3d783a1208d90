"""The tag of a release: one commit on top of main, the same however often it is made, and main where it was."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
IMAGE = "ghcr.io/acme/onnx-export-action@sha256:" + "0a" * 32


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """The repository as a server has it, with one commit."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("action.yml", "scripts/pin_image.py", "scripts/tag_release"):
        (source / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    git(source, "init", "--quiet")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message", "All")
    git(tmp_path, "clone", "--quiet", "--bare", "source", "remote.git")
    return tmp_path / "remote.git"


def tag(remote: Path, folder: Path, image: str = IMAGE) -> subprocess.CompletedProcess[str]:
    """The script in a fresh checkout."""
    git(folder.parent, "clone", "--quiet", "--depth", "1", f"file://{remote}", folder.name)
    return subprocess.run(["scripts/tag_release", "1.2.3", image], cwd=folder, capture_output=True, text=True)


def test_tag_release__tags_one_commit_that_names_the_image(remote: Path, tmp_path: Path) -> None:
    main = git(remote, "rev-parse", "main")
    done = tag(remote, tmp_path / "one")
    assert done.returncode == 0, done.stderr
    assert git(remote, "rev-parse", "v1.2.3^") == git(remote, "rev-parse", "main") == main
    assert git(remote, "diff", "--name-only", "main", "v1.2.3") == "action.yml"
    assert yaml.safe_load(git(remote, "show", "v1.2.3:action.yml"))["runs"]["image"] == f"docker://{IMAGE}"


def test_tag_release__again_gives_the_same_commit(remote: Path, tmp_path: Path) -> None:
    assert tag(remote, tmp_path / "one").returncode == 0
    first = git(remote, "rev-parse", "v1.2.3")
    assert tag(remote, tmp_path / "two").returncode == 0
    assert git(remote, "rev-parse", "v1.2.3") == first


def test_tag_release__does_not_move_a_tag(remote: Path, tmp_path: Path) -> None:
    assert tag(remote, tmp_path / "one").returncode == 0
    first = git(remote, "rev-parse", "v1.2.3")
    assert tag(remote, tmp_path / "two", IMAGE.replace("0a", "0b")).returncode != 0
    assert git(remote, "rev-parse", "v1.2.3") == first


def test_tag_release__no_digest_no_tag(remote: Path, tmp_path: Path) -> None:
    done = tag(remote, tmp_path / "one", "ghcr.io/acme/onnx-export-action:latest")
    assert done.returncode != 0
    assert "not an image with its digest" in done.stderr
    assert git(remote, "tag") == ""
