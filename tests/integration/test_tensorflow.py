"""Models of TensorFlow through the whole program: exported by tf2onnx, held to TensorFlow's answers, and reported."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.integration import program
from tests.integration.program import Outcome

Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def run(tensorflow_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The program on one of the models, in a workspace of its own."""

    def made(name: str, **inputs: str) -> Outcome:
        workspace, source = tmp_path_factory.mktemp("workspace"), tensorflow_models / name
        target = workspace / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
        given = {key.replace("_", "-"): value for key, value in inputs.items()}
        return program.run(workspace, {"model": name, "baseline": "none", **given})

    return made


@pytest.fixture(scope="module")
def text(run: Run) -> Outcome:
    return run("text.keras", benchmark_seconds="0.2", variants="int8-dynamic")


def axes(outcome: Outcome) -> dict[tuple[str, int], str]:
    """The proven axes by input and number."""
    found = outcome.report["validation"]["dynamic_axes"]
    return {(axis["input"], axis["axis"]): axis["name"] for axis in found if axis["proven"] and axis["wanted"]}


def test_keras__is_proven_at_sizes_of_every_axis(text: Outcome) -> None:
    assert text.status == 0, text.log
    report = text.report
    assert (report["model"]["kind"], report["model"]["architecture"]) == ("keras", "Functional")
    assert report["export"]["exporter"] == "tensorflow"
    assert axes(text) == {
        ("ids", 0): "batch_size", ("ids", 1): "sequence_length",
        ("extra", 0): "batch_size", ("extra", 1): "sequence_length",
    }  # fmt: skip
    shapes = [case["shape"] for case in report["validation"]["cases"]]
    assert {"batch 5, sequence_length 16", "batch 2, sequence_length 33"} <= set(shapes)
    assert shapes[-1] == "batch 19, every id"
    assert not [case for case in report["validation"]["cases"] if not case["passed"]]


def test_keras__is_reported_beside_tensorflow(text: Outcome) -> None:
    report = text.report
    assert report["validation"]["reference"] == "tensorflow"
    assert {timing["runtime"] for timing in report["benchmark"]["timings"]} == {"onnxruntime", "tensorflow"}
    assert all("every id" not in timing["shape"] for timing in report["benchmark"]["timings"])
    assert "max abs diff from TensorFlow over" in text.summary
    assert "PyTorch" not in text.summary
    assert "keras 3" in report["export"]["reference"]
    assert report["variants"][0]["name"] == "int8-dynamic"
    assert len(report["fingerprint"]) == 64


def test_keras__names_and_order_are_the_models(text: Outcome) -> None:
    graph = onnx.load(text.folder / "model.onnx").graph
    assert [value.name for value in graph.input] == ["ids", "extra"]
    assert [value.name for value in graph.output] == ["states", "scores"]
    dims = [dim.dim_param or dim.dim_value for dim in graph.output[0].type.tensor_type.shape.dim]
    assert dims == ["batch_size", "sequence_length", 5]


def test_saved_model__of_images_at_the_oldest_opset(run: Run) -> None:
    outcome = run("image", opset="13")
    assert outcome.status == 0, outcome.log
    assert outcome.report["model"]["kind"] == "savedmodel"
    assert axes(outcome) == {("pixels", 0): "batch_size", ("pixels", 1): "height", ("pixels", 2): "width"}
    weights = {file["path"] for file in outcome.report["model"]["weights"]}
    assert {"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"} <= weights


def test_keras__with_weights_beside_the_graph(run: Run) -> None:
    outcome = run("wide.keras")
    assert outcome.status == 0, outcome.log
    assert axes(outcome) == {("numbers", 0): "batch_size"}
    graph = onnx.load(outcome.folder / "model.onnx").graph
    assert sum(len(tensor.raw_data) for tensor in graph.initializer) > 1500 * 1500 * 4
    assert not [tensor.name for tensor in graph.initializer if tensor.external_data]
    assert {name for name in outcome.names() if ".onnx" in name} == {"model.onnx"}


def test_h5__with_the_inputs_of_a_file_and_its_own_file_again(tensorflow_models: Path, tmp_path: Path) -> None:
    shutil.copyfile(tensorflow_models / "dense.h5", tmp_path / "dense.h5")
    np.savez(tmp_path / "inputs.npz", np.random.default_rng(0).standard_normal((3, 6)))
    outcome = program.run(tmp_path, {"model": "dense.h5", "example-inputs": "inputs.npz", "baseline": "none"})
    assert outcome.status == 0, outcome.log
    assert outcome.report["validation"]["cases"][0]["shape"] == "batch 3"
    given = {"model": "dense.h5", "onnx-file": "onnx-export/model.onnx", "output-dir": "again", "baseline": "none"}
    again = program.run(tmp_path, given)
    assert again.status == 0, again.log
    assert again.report["validation"]["reference"] == "tensorflow"


def test_run__an_opset_that_tf2onnx_does_not_write(run: Run) -> None:
    sentence = "opset 21: tensorflow, which alone exports 'text.keras', writes opsets 13 to 18"
    program.assert_error(run("text.keras", opset="21"), 2, sentence, "leave `opset` and `target` out")
