"""The content of a model is read by a thread; whoever needs it waits, and hears what is wrong."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from onnx_export_action import identity
from onnx_export_action.baseline import fingerprint
from onnx_export_action.errors import SurroundingsError
from onnx_export_action.identity import Identity
from onnx_export_action.progress import Progress
from onnx_export_action.records import File, Model
from onnx_export_action.settings import Settings
from tests.factories import make_model
from tests.unit.sources.models import write_model


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Files are read once this is set."""
    event, read = threading.Event(), identity.record_of

    def waiting(path: Path, name: str) -> File:
        assert event.wait(20)
        return read(path, name)

    monkeypatch.setattr(identity, "record_of", waiting)
    yield event
    event.set()


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """A checkpoint as `resolve` describes it."""
    folder = write_model(tmp_path / "m")
    size = (folder / "model.safetensors").stat().st_size
    return make_model(path=str(folder), weights=(File(path="model.safetensors", size_bytes=size, sha256=""),))


def settings_in(folder: Path) -> Settings:
    return Settings(model="./m", workspace=folder)


def test_identity__has_the_hash_of_each_file_and_the_fingerprint_of_all(model: Model, tmp_path: Path) -> None:
    found = Identity(model, settings_in(tmp_path))
    (weight,) = found.given_to(model).weights
    content = (Path(model.path) / "model.safetensors").read_bytes()
    assert weight == File(path="model.safetensors", size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    assert found.fingerprint == fingerprint.of(found.given_to(model), settings_in(tmp_path))
    assert found.is_known


def test_identity__a_hash_that_is_there_is_not_taken_again(model: Model, tmp_path: Path) -> None:
    known = model.model_copy(update={"weights": (File(path="gone.safetensors", size_bytes=1, sha256="a" * 64),)})
    assert Identity(known, settings_in(tmp_path)).given_to(known) == known


def test_report__of_a_run_that_failed_waits_for_no_file(model: Model, tmp_path: Path, held: threading.Event) -> None:
    progress = Progress(model=model, identity=Identity(model, settings_in(tmp_path)))
    report = progress.report(SurroundingsError("It failed.", "Repair it."))
    assert report.model == model
    assert report.fingerprint == ""
    held.set()
    progress.settle()
    report = progress.report(SurroundingsError("It failed.", "Repair it."))
    assert report.model is not None
    assert len(report.model.weights[0].sha256) == len(report.fingerprint) == 64


def test_settle__a_file_that_cannot_be_read_ends_the_run(model: Model, tmp_path: Path, held: threading.Event) -> None:
    progress = Progress(model=model, identity=Identity(model, settings_in(tmp_path)))
    (Path(model.path) / "model.safetensors").unlink()
    held.set()
    with pytest.raises(SurroundingsError, match=r"cannot be read: model\.safetensors: No such file"):
        progress.settle()
    assert progress.report(SurroundingsError("It failed.", "Repair it.")).model == model
