"""What people get wrong, through the whole program: the right exit status, one sentence, everywhere the same."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as search
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from onnx_export_action import tasks
from onnx_export_action.settings import input_names
from onnx_export_action.sources import capacity
from tests.integration import program
from tests.integration.program import Outcome
from tests.unit.sources.models import CONFIG, WEIGHTS, write_model

Copied = Callable[[str], Path]


def assert_error(outcome: Outcome, status: int, *sentences: str) -> None:
    """The sentence is in the annotation, the report, the summary and the outputs; no traceback anywhere."""
    assert outcome.status == status, outcome.log
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "error"
    assert "onnx-path" not in outcome.outputs
    assert {2: "usage", 3: "export", 4: "surroundings"}[status] == outcome.report["failure"]["kind"]
    for sentence in sentences:
        assert sentence in outcome.failure
        annotation = next(line for line in outcome.log.splitlines() if line.startswith("::error "))
        assert sentence in annotation
    assert outcome.report["failure"]["remedy"]
    assert len(outcome.report["failure"]["message"]) < 600
    assert str(outcome.folder.parent) not in outcome.failure
    assert outcome.log.count("::error ") == 1
    for text in (outcome.log, outcome.summary, json.dumps(outcome.report)):
        assert "Traceback" not in text
    assert outcome.summary
    assert not [name for name in outcome.names() if name.endswith(".onnx") or name == "traceback.txt"]


@pytest.mark.parametrize(
    ("inputs", "sentences"),
    [
        ({}, ["model: this input is required."]),
        ({"model": "./nowhere"}, ["model not found: './nowhere'", "Paths start at the workspace"]),
        ({"model": "a b"}, ["model not found: 'a b'"]),
        ({"model": "a/" * 2000}, ["model not found"]),
        ({"model": "m", "task": "text-clasification"}, ["unknown task", "did you mean text-classification"]),
        ({"model": "m", "task": "qqq"}, ["unknown task 'qqq'", "known tasks: audio-classification"]),
        ({"model": "m", "opset": "thirteen"}, ["opset: input should be a valid integer"]),
        ({"model": "m", "opset": "6"}, ["opset: too old, the exporters write at least 9"]),
        ({"model": "m", "opset": "99"}, ["opset: too new, the exporters write at most 23"]),
        ({"model": "m", "exporter": "onnx"}, ["exporter: input should be 'auto', 'optimum', 'transformers'"]),
        ({"model": "m", "modle": "x"}, ["unknown input 'modle', did you mean 'model'?"]),
        ({"model": "m", "optset": "13"}, ["unknown input 'optset', did you mean 'opset'?"]),
        ({"model": "m", "atol": "small"}, ["atol: input should be a valid number"]),
        ({"model": "m", "rtol": "-1"}, ["rtol: input should be greater than or equal to 0"]),
        ({"model": "m", "batch-sizes": "1;2"}, ["batch-sizes: "]),
        ({"model": "m", "timeout": "1h"}, ["timeout: input should be a valid integer"]),
        ({"model": "m", "threads": "0"}, ["threads: input should be greater than or equal to 1"]),
        ({"model": "m", "benchmark-seconds": "inf"}, ["benchmark-seconds: "]),
        ({"model": "m", "target": "tensorrt"}, ["target: expected a runtime and a version"]),
        ({"model": "m", "output-dir": "../out"}, ["'../out' is not a folder inside the workspace"]),
        ({"model": "m", "output-dir": "/etc"}, ["'/etc' is not a folder inside the workspace"]),
        ({"model": "onnx-export/m"}, ["'onnx-export/m' lies in the output folder"]),
        ({"model": "m", "opset": "x", "task": "y", "dtype": "z"}, ["opset: ", "task: ", "dtype: "]),
    ],
    ids=lambda value: " ".join(f"{k}={v[:20]}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_inputs__that_are_wrong(tmp_path: Path, inputs: dict[str, str], sentences: list[str]) -> None:
    assert_error(program.run(tmp_path, inputs), 2, *sentences)
    assert not list(tmp_path.parent.glob("out"))


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--modle", "x"], "unknown flag '--modle', did you mean '--model'?"),
        (["--model"], "expected one argument"),
        (["export"], "unknown command 'export', the only one is 'run'"),
        (["--opset", "x", "--model", "m"], "opset: input should be a valid integer"),
    ],
)
def test_flags__that_are_wrong(tmp_path: Path, flags: list[str], sentence: str) -> None:
    assert_error(program.run(tmp_path, {}, flags=flags), 2, sentence)


HALF = WEIGHTS[: len(WEIGHTS) // 2]
FOLDERS: list[tuple[str, object, dict[str, bytes], list[str]]] = [
    ("no config", None, {}, ["the model's folder has no config.json", "save_pretrained"]),
    ("config is no JSON", b"{", {"model.safetensors": WEIGHTS}, ["config.json is not valid JSON"]),
    ("config without a type", {"a": 1}, {"model.safetensors": WEIGHTS}, ["config.json has no `model_type`"]),
    ("unknown type", {"model_type": "brt"}, {"model.safetensors": WEIGHTS},
     ["the unknown `model_type` 'brt'", "Did you mean"]),
    ("own code", {"model_type": "mine", "auto_map": {"AutoModel": "mine.Mine"}}, {"model.safetensors": WEIGHTS},
     ["'mine' needs Python code that ships with the model", "trust-remote-code: true"]),
    ("no weights", CONFIG, {"tokenizer.json": b"{}"}, ["the model's folder has no weights"]),
    ("cut weights", CONFIG, {"model.safetensors": HALF}, ["model.safetensors"]),
    ("empty weights", CONFIG, {"model.safetensors": b""}, ["model.safetensors is empty"]),
    ("garbage for weights", CONFIG, {"model.safetensors": b"garbage" * 100}, ["model.safetensors"]),
    ("a pointer for weights", CONFIG, {"model.safetensors": b"version https://git-lfs.github.com/spec/v1\n"},
     ["model.safetensors", "LFS"]),
    ("other formats alone", CONFIG, {"tf_model.h5": b"x"}, ["no weights that can be loaded safely, only tf_model.h5"]),
    ("an ambiguous task", {"model_type": "bert"}, {"model.safetensors": WEIGHTS},
     ["names no `architectures`", "Set `task` to one of: "]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "files", "sentences"), [row[1:] for row in FOLDERS], ids=[row[0] for row in FOLDERS]
)
def test_folders__that_are_no_model(
    tmp_path: Path, config: object, files: dict[str, bytes], sentences: list[str]
) -> None:
    folder = write_model(tmp_path / "m", {} if isinstance(config, bytes) else config, files)
    if config is None:
        (folder / "config.json").unlink()
    if isinstance(config, bytes):
        (folder / "config.json").write_bytes(config)
    assert_error(program.run(tmp_path, {"model": "m"}), 2, *sentences)


def test_output_folder__with_a_file_in_its_place(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    (tmp_path / "onnx-export").write_text("mine")
    outcome = program.run(tmp_path, {"model": "m"})
    assert outcome.status == 4
    assert outcome.outputs["verdict"] == "error"
    assert not [name for name in outcome.outputs if name.startswith("report")]
    assert "::error title=onnx-export-action::the output folder onnx-export cannot be written" in outcome.log
    assert "the output folder onnx-export cannot be written" in outcome.summary
    assert "Traceback" not in outcome.log
    assert (tmp_path / "onnx-export").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_output_folder__without_the_right_to_write(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    (tmp_path / "onnx-export").mkdir(mode=0o500)
    outcome = program.run(tmp_path, {"model": "m"})
    assert outcome.status == 4
    assert "cannot be written" in outcome.summary


def test_disk__too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "m")
    monkeypatch.setattr(capacity, "export_disk_bytes", lambda _: 10**18)
    outcome = program.run(tmp_path, {"model": "m"})
    assert_error(outcome, 4, "the disk is too small for the export of m: 1000000000.00 GB needed, ", "Free some space")
    assert outcome.report["model"]["id"] == "m"


def test_memory__too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "m")
    monkeypatch.setattr(capacity, "available_memory", lambda: 100_000_000)
    outcome = program.run(tmp_path, {"model": "m"})
    assert_error(outcome, 4, "the memory is too small", "100.0 MB are available", "Use a runner with more memory")


def rewrite_weights(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def without_a_layer(weights: dict[str, Any]) -> None:
    for name in [name for name in weights if ".layer.1.output.dense." in name]:
        del weights[name]


def with_another_width(weights: dict[str, Any]) -> None:
    name = next(name for name in weights if "word_embeddings" in name)
    weights[name] = weights[name][:, :16].copy()


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (without_a_layer, ["2 weights are missing", "encoder.layer.1.output.dense.bias", "random numbers"]),
        (with_another_width, ["1 weights are of another shape", "embeddings.word_embeddings.weight"]),
    ],
)
def test_weights__that_do_not_fit_the_model(
    copied: Copied, tmp_path: Path, change: Callable[[dict[str, Any]], None], sentences: list[str]
) -> None:
    rewrite_weights(copied("bert"), change)
    assert_error(program.run(tmp_path, {"model": "model"}), 2, *sentences)


def test_task__that_the_checkpoint_was_not_trained_for(copied: Copied, tmp_path: Path) -> None:
    copied("bert")
    outcome = program.run(tmp_path, {"model": "model", "task": "text-classification"})
    assert_error(outcome, 2, "classifier.weight", "random numbers", "Choose the `task` that the checkpoint was trained")


def test_task__without_a_class_for_the_architecture(copied: Copied, tmp_path: Path) -> None:
    copied("vit")
    outcome = program.run(tmp_path, {"model": "model", "task": "fill-mask"})
    assert_error(
        outcome, 2, "A vit model has no class for the task fill-mask", "Tasks that fit: ", "image-classification"
    )


def test_config__with_impossible_values(copied: Copied, tmp_path: Path) -> None:
    config = json.loads((copied("bert") / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps({**config, "num_attention_heads": 5}))
    assert_error(program.run(tmp_path, {"model": "model"}), 2, "attention heads")


def test_tokenizer__that_is_broken_is_a_warning(copied: Copied, tmp_path: Path) -> None:
    folder = copied("bert")
    (folder / "tokenizer.json").write_text("{broken")
    outcome = program.run(tmp_path, {"model": "model", "exporter": "torchscript"})
    assert outcome.status == 0, outcome.log
    assert outcome.outputs["verdict"] == "pass"
    assert any("The tokenizer cannot be loaded" in warning for warning in outcome.report["warnings"])
    assert "The tokenizer cannot be loaded" in outcome.summary
    assert "::warning title=onnx-export-action::The tokenizer cannot be loaded" in outcome.log


def test_pickle__with_nothing_but_weights_is_exported(copied: Copied, tmp_path: Path) -> None:
    folder = copied("bert")
    weights = {name: torch.from_numpy(value) for name, value in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    outcome = program.run(tmp_path, {"model": "model", "exporter": "torchscript"})
    assert outcome.status == 0, outcome.log
    assert "The weights exist only as a pickle" in outcome.log


class _Malicious:
    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self._target, "executed"))


@pytest.mark.parametrize("form", ["zip", "bare"])
def test_pickle__that_runs_code_is_refused_and_runs_nothing(copied: Copied, tmp_path: Path, form: str) -> None:
    folder = copied("bert")
    (folder / "model.safetensors").unlink()
    weights = {"embeddings.word_embeddings.weight": _Malicious(tmp_path / "executed")}
    if form == "zip":
        torch.save(weights, folder / "pytorch_model.bin")
    else:
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(weights))
    outcome = program.run(tmp_path, {"model": "model"})
    assert not (tmp_path / "executed").exists()
    assert_error(outcome, 2, "The weights cannot be loaded into bert")


def test_pickle__would_have_run_its_code(tmp_path: Path) -> None:
    """The control of the test before: without the weights-only loader the same file does its harm."""
    pickle.loads(pickle.dumps(_Malicious(tmp_path / "executed")))
    assert (tmp_path / "executed").read_text() == "executed"


@pytest.mark.parametrize("trusted", ["false", "true"])
def test_model__of_its_own_code_is_run_only_when_trusted(copied: Copied, tmp_path: Path, trusted: str) -> None:
    folder = copied("bert")
    config = json.loads((folder / "config.json").read_text())
    code = f"import transformers\nopen({str(tmp_path / 'executed')!r}, 'w').close()\n"
    (folder / "mine.py").write_text(f"{code}class Mine(transformers.BertModel):\n    pass\n")
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "mine.Mine"}}))
    inputs = {"model": "model", "exporter": "torchscript", "trust-remote-code": trusted}
    outcome = program.run(tmp_path, inputs)
    assert outcome.status == 0, outcome.log
    assert (tmp_path / "executed").exists() == (trusted == "true")
    assert outcome.report["model"]["architecture"] == ("Mine" if trusted == "true" else "BertModel")


anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
numbers = st.from_regex(r"[-+]?[0-9]{0,5}(\.[0-9]{0,3})?(e[-+]?[0-9]{1,3})?", fullmatch=True)
# Nothing that could be a model: no worker starts, and no Hub is asked.
not_a_model = st.one_of(
    st.sampled_from(["./nowhere", "/nowhere", "a b", "empty", "..", ".", "x.onnx"]), anything.map("./".__add__)
)
values = st.one_of(anything, numbers, st.sampled_from([*tasks.AUTO_CLASSES, "true", "auto", "onnxruntime>=1.16"]))
other_names = st.sampled_from([name for name in input_names() if name != "model"])


@search(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    model=not_a_model,
    others=st.dictionaries(st.one_of(other_names, st.from_regex(r"[A-Z_-]{1,12}", fullmatch=True)), values, max_size=5),
)
def test_main__no_input_gives_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, model: str, others: dict[str, str]
) -> None:
    workspace = tmp_path_factory.mktemp("fuzz")
    (workspace / "empty").mkdir()
    try:
        outcome = program.run(workspace, {**others, "model": model})
        assert outcome.status in (2, 4)
        assert outcome.outputs["verdict"] == "error"
        assert "Traceback" not in outcome.log + outcome.summary
        assert "A defect of this program" not in outcome.log
        assert not list(workspace.rglob("traceback.txt"))
        assert len([line for line in outcome.log.splitlines() if line.startswith("::error ")]) == 1
    finally:
        shutil.rmtree(workspace)
