"""Shared by the integration tests: a Hub on this machine, tiny models, and runs whose outcome many tests read."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from onnx_export_action.workers import interpreters
from tests.integration import program, tiny
from tests.integration.hub_server import Hub, running_hub
from tests.integration.program import Outcome

_ALONE = {"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": "/nonexistent"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub on this machine, for a machine on which a token lies about that must never be sent."""
    monkeypatch.setenv("HF_TOKEN", "hf_ambient")
    with running_hub() as server:
        yield server
    huggingface_hub.close_session()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none is taken."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny model by the name of its maker, made on first use; never write into it."""
    root = tmp_path_factory.mktemp("models")

    def made(name: str) -> Path:
        folder = root / name
        return folder if folder.exists() else getattr(tiny, name)(folder)

    return made


@pytest.fixture(scope="session")
def tensorflow_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the models that TensorFlow itself writes, all in one process; never write into it."""
    folder, maker = tmp_path_factory.mktemp("tensorflow"), Path(__file__).with_name("make_tensorflow.py")
    python = interpreters.require(interpreters.tensorflow())
    made = subprocess.run([python, maker, folder], env=_ALONE, cwd=folder, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture
def copied(models: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a tiny model as `model` in the test's own workspace, to be spoilt."""
    return lambda name: Path(shutil.copytree(models(name), tmp_path / "model"))


@pytest.fixture(scope="session")
def exported(models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """The outcome of the whole program on a tiny model; the same inputs run once a session."""
    done: dict[tuple[str, ...], Outcome] = {}

    def run(name: str, **inputs: str) -> Outcome:
        key = (name, *(f"{key}={value}" for key, value in sorted(inputs.items())))
        if key not in done:
            workspace = tmp_path_factory.mktemp("workspace")
            shutil.copytree(models(name), workspace / name)
            given = {key.replace("_", "-"): value for key, value in inputs.items()}
            done[key] = program.run(workspace, {"model": name, **given})
        return done[key]

    return run
