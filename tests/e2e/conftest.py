"""The image, and a workspace as a runner has it: owned by a user who is not root."""

import os
import subprocess
from pathlib import Path

import pytest
import tiny
from action import DOCKER, IMAGE, ROOT, check_out

RUNNER_USER = 1001


@pytest.fixture(scope="session")
def docker() -> str:
    """The Docker client, with an engine that answers."""
    answer = subprocess.run([DOCKER, "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True)
    if answer.returncode:
        pytest.fail(f"these tests need a running Docker engine: {answer.stderr.strip()}", pytrace=False)
    return DOCKER


@pytest.fixture(scope="session")
def image(docker: str) -> str:
    """The image, built from the tree as it is."""
    built = subprocess.run([docker, "build", "--tag", IMAGE, str(ROOT)], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return IMAGE


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random BERT text classifier with its tokenizer."""
    return tiny.bert(tmp_path_factory.mktemp("models") / "tiny-bert", "BertForSequenceClassification")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace that belongs to the runner's user."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    give_to_runner(folder)
    return folder


def give_to_runner(folder: Path) -> None:
    """Changes the owner of a folder and all in it, where this user may."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, RUNNER_USER, RUNNER_USER)


@pytest.fixture
def checkout(workspace: Path, bert: Path) -> Path:
    """A workspace that holds the model, as after actions/checkout."""
    check_out(bert, workspace / "models" / "tiny-bert")
    give_to_runner(workspace)
    return workspace
