"""An export in a fork of the worker leaves the worker's own file; whatever goes wrong in it, the worker exports."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
import torch

from onnx_export_action.exporters import torchscript
from onnx_export_action.exporters.service import Service


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """PyTorch's own number of them after each test."""
    before = torch.get_num_threads()
    yield
    assert torch.get_num_threads() == before or torch.get_num_threads() == 1, "the fork's core was not taken back"
    torch.set_num_threads(before)


def answered(folder: Path, model: Path, task: str = "feature-extraction", early: bool = True) -> tuple[Service, Path]:
    """A worker that has answered its cases, told to begin with the file meanwhile or not; and the file's place."""
    (folder / "onnx").mkdir(parents=True)
    file = folder / "onnx" / "model.onnx"
    service = Service()
    service.load("transformers", task, 2, path=str(model), dtype="fp32", trust_remote_code=False, scope="any size")
    ahead = {"exporter": "torchscript", "opset": 18, "file": str(file)} if early else None
    service.answer(str(folder), [1, 2], [7, 9], ahead)
    return service, file


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("bert", "feature-extraction"),
        ("gpt2", "text-generation"),
        ("llama", "text-generation-with-past"),
    ],
)
def test_export__the_forks_file_is_the_workers_own(
    models: Callable[[str], Path], tmp_path: Path, name: str, task: str
) -> None:
    own, plain = answered(tmp_path / "plain", models(name), task, early=False)
    sizes = own.export("torchscript", 18, str(plain))
    service, file = answered(tmp_path / "early", models(name), task)
    assert service._early is not None
    assert service._early._beside is not None
    assert service._early._beside.done()
    written = file.stat()
    assert service.export("torchscript", 18, str(file)) == sizes
    assert file.stat().st_ino == written.st_ino
    assert file.stat().st_mtime_ns == written.st_mtime_ns
    assert file.read_bytes() == plain.read_bytes()
    assert os.listdir(file.parent) == ["model.onnx"]


def test_export__what_was_not_foreseen_is_written_anew(models: Callable[[str], Path], tmp_path: Path) -> None:
    service, file = answered(tmp_path, models("bert"))
    service.export("torchscript", 17, str(file))
    assert onnx.load(str(file)).opset_import[0].version == 17
    assert os.listdir(file.parent) == ["model.onnx"]


def fails(_: object) -> None:
    raise RuntimeError("no operator")


def dies(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("wrong", [fails, dies])
def test_export__after_a_fork_that_failed(
    models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[[object], None]
) -> None:
    own, export = os.getpid(), torchscript.export
    monkeypatch.setattr(torchscript, "export", lambda job: export(job) if os.getpid() == own else wrong(job))
    service, file = answered(tmp_path, models("bert"))
    service.export("torchscript", 18, str(file))
    onnx.checker.check_model(str(file))
    assert os.listdir(file.parent) == ["model.onnx"]


def test_export__the_cause_is_the_workers_own(
    models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchscript, "export", fails)
    service, file = answered(tmp_path, models("bert"))
    with pytest.raises(RuntimeError, match="no operator"):
        service.export("torchscript", 18, str(file))
