"""What people get wrong, through the whole program: the right exit status, one sentence, everywhere the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as search
from hypothesis import strategies as st

from onnx_export_action import tasks
from onnx_export_action.settings import input_names
from onnx_export_action.sources import capacity
from tests.integration import program
from tests.integration.program import assert_error
from tests.unit.sources.models import CONFIG, WEIGHTS, write_model

Copied = Callable[[str], Path]


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
        (["export"], "unknown command 'export', known are run, validate, compare, plan, report, doctor"),
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
