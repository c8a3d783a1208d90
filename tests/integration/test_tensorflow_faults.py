"""Models of TensorFlow that are wrong, each one sentence; and files of a right one that are wrong, each refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnx_export_action import sources
from onnx_export_action.exporters import attempt, locating
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.records import Validation
from onnx_export_action.validation import proof, session
from onnx_export_action.validation.proof import Evidence
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from tests.integration import mutations
from tests.integration.mutations import OPSET
from tests.unit.sources.models import RecordingLog, settings_for

log = RecordingLog()
HOST = Host(300, 10**11, None, {})


@pytest.fixture(scope="module")
def worker(tensorflow_models: Path) -> Iterator[Worker]:  # noqa: ARG001
    """One exporting worker for all; a model that is refused leaves it as it was."""
    with attempt.start("tensorflow", HOST, log) as started:
        yield started


LOADED: dict[str, tuple[str, str]] = {
    "unsigned": ("It has no signatures, so nothing says what it takes", "model.export(folder)"),
    "several": ("It has 2 signatures, and none is called 'serving_default': first, second", "as 'serving_default'"),
    "words": ("The input words is text", "without the preparation of text"),
    "reads": ("It uses ReadFile, operators that touch files or call Python", "trust-remote-code: true"),
    "rankless": ("The input x is no plain tensor", "number of axes"),
    "chance": ("The model gives another `y` each time", "draws random numbers"),
    "misfit": ("The model fails on inputs that were made by its signature", "example-inputs"),
    "own.h5": ("It has layers whose code is not in Keras", "model.export(folder)"),
    "lambda.h5": ("It has a Lambda layer, whose Python code would be run", "trust-remote-code: true"),
    "lambda.keras": ("It has a Lambda layer, whose Python code would be run", "trust-remote-code: true"),
    "alone.weights.h5": ("It holds weights and no model", "Save the whole model"),
}


def load(worker: Worker, path: Path, **asked: Any) -> Any:
    given = {"dtype": "fp32", "threads": 1, "trusted": False, "examples_file": None, **asked}
    return worker.call("load", kind="savedmodel" if path.is_dir() else "keras", path=str(path), **given)


def refused(worker: Worker, path: Path, **asked: Any) -> WorkerFailure:
    with pytest.raises(WorkerFailure) as caught:
        load(worker, path, **asked)
    assert caught.value.kind == "usage"
    assert str(path.parent) not in caught.value.cause
    return caught.value


@pytest.mark.parametrize("name", LOADED)
def test_load__what_is_wrong(worker: Worker, tensorflow_models: Path, name: str) -> None:
    cause, remedy = LOADED[name]
    found = refused(worker, tensorflow_models / name)
    assert cause in found.cause
    assert remedy in found.hint


def test_load__code_that_the_user_trusts(worker: Worker, tensorflow_models: Path) -> None:
    assert load(worker, tensorflow_models / "lambda.keras", trusted=True)["architecture"] == "Functional"


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda data: data.replace(b"AddV2", b"AddX9"), "It uses operators that TensorFlow itself has not: AddX9"),
        (lambda data: data[: len(data) // 2], "saved_model.pb is no SavedModel, or it is cut off"),
    ],
    ids=["operator of others", "cut off"],
)
def test_load__a_graph_that_is_wrong(
    worker: Worker, tensorflow_models: Path, tmp_path: Path, spoil: Any, cause: str
) -> None:
    content = (tensorflow_models / "chance" / "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(spoil(content))
    assert cause in refused(worker, tmp_path).cause


def test_load__without_its_variables(worker: Worker, tensorflow_models: Path, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes((tensorflow_models / "pair" / "saved_model.pb").read_bytes())
    found = refused(worker, tmp_path)
    assert "cannot load it" in found.cause
    assert "variables/" in found.hint


@pytest.mark.parametrize(
    ("values", "cause"),
    [({"other": np.ones((2, 6))}, "are for other, and the model takes"), ([np.ones((2, 5))], "have the shape (2, 5)")],
)
def test_load__example_inputs_that_do_not_fit(
    worker: Worker, tensorflow_models: Path, tmp_path: Path, values: Any, cause: str
) -> None:
    np.savez(tmp_path / "x.npz", **values) if isinstance(values, dict) else np.savez(tmp_path / "x.npz", *values)
    found = refused(worker, tensorflow_models / "dense.h5", examples_file=str(tmp_path / "x.npz"))
    assert cause in found.cause


@dataclass(frozen=True)
class Right:
    """A file that is right, the evidence for it, and a validating worker."""

    exported: Exported
    validator: Worker

    def prove(self, file: Path) -> Validation:
        """The proof of a file."""
        evidence = Evidence(self.exported.cases, self.exported.axes, "tensorflow")
        return proof.prove(self.validator, file, OPSET, evidence, settings_for(file.parent), 1, log).validation


def exported(worker: Worker, models: Path, name: str, folder: Path) -> Exported:
    (folder / "onnx").mkdir(parents=True)
    chosen = settings_for(models, name)
    model = sources.resolve(chosen, hub_endpoint="", cache=folder, log=log)
    return attempt.export(worker, "tensorflow", OPSET, model, chosen, 1, folder, log)


RIGHT = ("text.keras", "image", "pair", "bounded")


@pytest.fixture(scope="module")
def right(
    worker: Worker, tensorflow_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Right]]:
    """Some of them, by name."""
    root = tmp_path_factory.mktemp("right")
    with Worker(Path(sys.executable), proof.SERVICE, HOST, log) as validator:
        yield {name: Right(exported(worker, tensorflow_models, name, root / name), validator) for name in RIGHT}


@pytest.mark.parametrize(
    ("name", "operator"),
    [("formless", "Igamma"), ("grouped.keras", "functions for XLA, as grouped convolutions of Keras are")],
)
def test_export__an_operator_without_a_form(
    worker: Worker, tensorflow_models: Path, tmp_path: Path, name: str, operator: str
) -> None:
    with pytest.raises(WorkerFailure) as caught:
        exported(worker, tensorflow_models, name, tmp_path)
    assert (caught.value.kind, caught.value.cause) == ("route", f"tf2onnx has no ONNX form for {operator} at opset 18.")
    assert "Save the model without the layers that need it" in caught.value.hint


def test_answer__lengths_are_told_apart_where_the_model_does(right: dict[str, Right]) -> None:
    assert right["pair"].exported.axes == {
        "attention_mask": {0: "batch_size", 1: "sequence_length"},
        "ids": {0: "batch_size", 1: "sequence_length"},
        "second": {0: "batch_size", 1: "second_sequence_length"},
    }
    assert all(axis.proven for axis in right["pair"].prove(right["pair"].exported.file).dynamic_axes)


def test_answer__an_axis_that_has_one_size_is_fixed_in_the_file(right: dict[str, Right]) -> None:
    found = right["bounded"].exported
    fixed = "The signature leaves axis 0 of x open, but the model answers at no other size: fixed in the file."
    assert (found.axes, found.warnings) == ({}, (fixed,))
    dims = onnx.load(found.file).graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value for dim in dims] == [2, 3]
    assert [case["shape"] for case in found.cases] == ["fixed shapes", "fixed shapes, other values"]


@pytest.mark.parametrize("name", RIGHT)
def test_prove__the_right_file_and_its_optimised_form(right: dict[str, Right], tmp_path: Path, name: str) -> None:
    file = right[name].exported.file
    session.write_optimised(file, tmp_path / "model.onnx", 1)
    for validation in (right[name].prove(file), right[name].prove(tmp_path / "model.onnx")):
        assert validation.passed, proof.summary_of_failure(validation)
        assert not validation.silent_outputs
        outputs = [parity for case in validation.cases for parity in case.outputs if parity.least_db is not None]
        spare = min((parity.signal_to_noise_db or 0) - (parity.least_db or 999) for parity in outputs)
        assert spare > 6, spare


def change(model: onnx.ModelProto, shape: tuple[int, ...], edit: Any) -> None:
    """Change the first weight of this shape."""
    tensor = next(each for each in model.graph.initializer if tuple(each.dims) == shape)
    tensor.CopyFrom(numpy_helper.from_array(edit(numpy_helper.to_array(tensor).copy()), tensor.name))


WRONG: dict[str, tuple[str, Any, str]] = {
    "one row of the table": (
        "text.keras", lambda m: change(m, (300, 8), mutations.put((287, 2), 2.0)), "every id: .*differs by up to"),
    "a weight by a hundredth": ("text.keras", lambda m: change(m, (5, 3), lambda w: w * np.float32(1.01)), "differs"),
    "a weight by a ten-thousandth": (
        "text.keras", lambda m: change(m, (5, 3), lambda w: w * np.float32(1.0001)), "scores differs by up to"),
    "fixed batch": ("text.keras", mutations.fixed_batch, "batch 1.*Got invalid dimensions"),
    "another order of a convolution": (
        "image", lambda m: change(m, (8, 4, 3, 3), lambda w: w.transpose(0, 1, 3, 2)), "output_0 differs"),
    "a bias": ("image", lambda m: change(m, (8,), lambda w: w + np.float32(1e-3)), "output_0 differs by up to"),
    "another type of output": ("pair", lambda m: retyped(m), "early, type float32 instead of bool"),
    "no mask": ("pair", lambda m: unmasked(m), "likeness differs by up to"),
}  # fmt: skip


def retyped(model: onnx.ModelProto) -> None:
    mutations.rename(model, {"early": "truth"})
    model.graph.node.append(onnx.helper.make_node("Cast", ["truth"], ["early"], to=onnx.TensorProto.FLOAT))
    place = next(n for n, value in enumerate(model.graph.output) if value.name == "truth")
    model.graph.output[place].CopyFrom(
        onnx.helper.make_tensor_value_info("early", onnx.TensorProto.FLOAT, ["batch_size", "sequence_length"])
    )


def unmasked(model: onnx.ModelProto) -> None:
    one = onnx.helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1])
    for node in model.graph.node:
        node.input[:] = ["all_ones" if name == "attention_mask" else name for name in node.input]
    model.graph.node.insert(0, onnx.helper.make_node("Shape", ["attention_mask"], ["its_shape"]))
    model.graph.node.insert(1, onnx.helper.make_node("ConstantOfShape", ["its_shape"], ["all_ones"], value=one))


@pytest.mark.parametrize("label", WRONG)
def test_prove__refuses(right: dict[str, Right], tmp_path: Path, label: str) -> None:
    name, edit, pattern = WRONG[label]
    model = onnx.load(right[name].exported.file)
    edit(model)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    validation = right[name].prove(tmp_path / "model.onnx")
    assert not validation.passed
    found = proof.summary_of_failure(validation)
    assert re.search(pattern, found), found


def test_located__a_model_that_tells_no_parts_is_no_failure(
    right: dict[str, Right], worker: Worker, tmp_path: Path
) -> None:
    name, edit, _ = next(iter(WRONG.values()))
    model, told = onnx.load(right[name].exported.file), RecordingLog()
    edit(model)
    file = tmp_path / "model.onnx"
    file.write_bytes(model.SerializeToString())
    wrong = right[name].prove(file)
    cases = right[name].exported.cases
    assert locating.located(wrong, worker, right[name].validator, file, cases, "fp32", told) == wrong
    assert told.lines == []
