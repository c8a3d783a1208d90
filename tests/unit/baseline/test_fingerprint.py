"""The fingerprint changes with all that determines the result, and with nothing else."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from onnx_export_action.baseline import fingerprint
from onnx_export_action.hashing import record_of
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.workers import interpreters
from tests.factories import make_model

# Another value than the default of each input.
OTHER: dict[str, Any] = {
    "mode": "report",
    "model": "elsewhere",
    "task": "fill-mask",
    "opset": 17,
    "exporter": "torch",
    "onnx_file": "a.onnx",
    "revision": "a" * 40,
    "subfolder": "inner",
    "trust_remote_code": True,
    "example_inputs": "inputs.npz",
    "requirements": "needs.txt",
    "samples": "samples.jsonl",
    "dtype": "fp16",
    "target": "onnxruntime>=1.16",
    "target_check": "install",
    "cross_check": True,
    "also_check": "tensorflow",
    "merged_decoder": True,
    "atol": 0.1,
    "rtol": 0.1,
    "batch_sizes": (1, 2),
    "sequence_lengths": (8,),
    "timeout": 5,
    "output_dir": "out",
    "benchmark_seconds": 3.0,
    "threads": 3,
    "fail_on": ("size > +5%",),
    "on_undecided": "fail",
    "variants": ("fp16",),
    "baseline": "none",
    "reuse": False,
    "upload_artifact": False,
    "artifact_name": "name",
    "retention_days": 3,
    "overwrite": True,
    "release_assets": "never",
    "comment": "never",
    "github_token": SecretStr("ghs_token"),
    "hf_token": SecretStr("hf_token"),
    "config": "models.yml",
    "name": "other",
    "workspace": Path("/elsewhere"),
}


program = fingerprint._program


@pytest.fixture(autouse=True)
def _same_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever edits a module while the tests run changes no outcome."""
    monkeypatch.setattr(fingerprint, "_program", lambda _: "program")


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return made(tmp_path / "model")


def made(folder: Path, **overrides: Any) -> Model:
    """A folder with weights, a configuration, a tokenizer, a card and a hidden file."""
    folder.mkdir(parents=True)
    for name in ("model.safetensors", "config.json", "vocab.txt", "README.md", ".gitattributes"):
        (folder / name).write_text(name)
    weights = (record_of(folder / "model.safetensors", "model.safetensors"),)
    return make_model(path=str(folder), weights=weights, **overrides)


def of(model: Model, /, **overrides: Any) -> str:
    settings = Settings(model="models/encoder", workspace=Path("/workspace"))
    return fingerprint.of(model, settings.model_copy(update=overrides))


def test_inputs__each_determines_the_result_or_is_known_not_to() -> None:
    known = [*fingerprint.DETERMINING, *fingerprint.INDIFFERENT]
    assert sorted(known) == sorted(Settings.model_fields)
    assert all(fingerprint.INDIFFERENT.values())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_of__changes_with_an_input_that_determines_and_with_no_other(model: Model, name: str) -> None:
    changed = of(model, **{name: OTHER[name]})
    if name in ("trust_remote_code", "onnx_file"):
        assert changed == ""
    else:
        assert (changed != of(model)) is (name in fingerprint.DETERMINING)
        assert len(changed) == 64


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "tokenizer.json", "adapter_config.json", "LICENSE.py"])
def test_of__changes_with_a_file_beside_the_weights(model: Model, name: str) -> None:
    before = of(model)
    (Path(model.path) / name).write_text("another content")
    assert of(model) != before


@pytest.mark.parametrize("name", ["README.md", ".gitattributes", "LICENSE", "notes.md", "inner/config.json"])
def test_of__does_not_change_with_what_no_loader_reads(model: Model, name: str) -> None:
    before, path = of(model), Path(model.path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("another content")
    assert of(model) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda model: {"weights": (model.weights[0].model_copy(update={"sha256": "0" * 64}),)},
        lambda model: {"weights": (model.weights[0].model_copy(update={"path": "other.safetensors"}),)},
        lambda _: {"task": "fill-mask"},
    ],
    ids=["weights", "their name", "task"],
)
def test_of__changes_with_the_model(model: Model, change: Callable[[Model], dict[str, Any]]) -> None:
    assert of(model.model_copy(update=change(model))) != of(model)


def test_of__is_the_same_for_the_same_content_elsewhere(model: Model, tmp_path: Path) -> None:
    elsewhere = made(tmp_path / "deep" / "copy", id="another/name", revision=None)
    assert of(elsewhere) == of(model)


def test_of__follows_links_to_their_content(model: Model, tmp_path: Path) -> None:
    before, linked = of(model), tmp_path / "blob"
    shutil.move(Path(model.path) / "config.json", linked)
    (Path(model.path) / "config.json").symlink_to(linked)
    assert of(model) == before


def test_of__a_ready_file_has_none(model: Model) -> None:
    assert of(model.model_copy(update={"kind": "onnx"})) == ""


@pytest.mark.parametrize("place", ["main", "optimum"])
def test_of__changes_with_a_library(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    prefix = tmp_path / "prefix"
    packages = prefix / "lib" / "python3.11" / "site-packages"
    (packages / "torch-2.13.0.dist-info").mkdir(parents=True)
    if place == "main":
        monkeypatch.setattr(sys, "path", [str(packages)])
    else:
        monkeypatch.setattr(interpreters, "optimum", lambda: prefix / "bin" / "python")
    before = of(model)
    (packages / "torch-2.13.0.dist-info").rename(packages / "torch-2.13.1.dist-info")
    assert of(model) != before


def test_of__a_model_of_tensorflow_changes_with_its_interpreter_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("optimum", "tensorflow"):
        (tmp_path / name / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
        monkeypatch.setattr(interpreters, name, lambda name=name: tmp_path / name / "bin" / "python")
    model = made(tmp_path / "model", kind="savedmodel")
    before = of(model)
    (tmp_path / "optimum" / "lib" / "python3.11" / "site-packages" / "torch-2.dist-info").mkdir()
    assert of(model) == before
    (tmp_path / "tensorflow" / "lib" / "python3.11" / "site-packages" / "keras-3.dist-info").mkdir()
    assert of(model) != before


@pytest.mark.parametrize("function", ["python_version", "machine", "system"])
def test_of__changes_with_the_platform(model: Model, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    before = of(model)
    monkeypatch.setattr(fingerprint.platform, function, lambda: "another")
    assert of(model) != before


def test_of__changes_with_this_program(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(model)
    monkeypatch.setattr(fingerprint, "_program", lambda _: "another")
    assert of(model) != before


def test_program__changes_with_each_module_of_ours(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "module.py").write_text("a = 1\n")
    first = program(tmp_path)
    (tmp_path / "inner" / "module.py").write_text("a = 2\n")
    second = program(tmp_path)
    (tmp_path / "inner" / "module.py").rename(tmp_path / "module.py")
    assert len({first, second, program(tmp_path)}) == 3


def test_of__changes_with_the_content_of_samples(model: Model, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    found = [of(model)]
    for name, content in (("a.png", "1"), ("a.png", "2"), ("b.png", "1")):
        (tmp_path / "samples" / name).write_text(content)
        found.append(of(model, workspace=tmp_path, samples="samples"))
    assert len(set(found)) == 4
    assert of(model, workspace=tmp_path, samples="samples") == found[-1]


def test_of__a_saved_program_and_its_example_inputs_but_no_factory(tmp_path: Path) -> None:
    file, inputs = tmp_path / "model.pt", tmp_path / "inputs.json"
    file.write_bytes(b"program")
    model = make_model(path=str(file), kind="torchscript", weights=(record_of(file, file.name),))
    found = []
    for content in ("[1]", "[1]", "[2]"):
        inputs.write_text(content)
        found.append(
            fingerprint.of(model, Settings(workspace=tmp_path, model="model.pt", example_inputs="inputs.json"))
        )
    assert found[0] == found[1] != found[2]
    assert all(found)
    factory = make_model(path=str(file), kind="module", weights=model.weights)
    assert fingerprint.of(factory, Settings(workspace=tmp_path, model="model.py:make")) == ""
