"""The proof of a real file, and of the same file with one thing wrong: refused, with what was seen."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action import sources
from onnx_export_action.exporters import attempt
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.validation import proof
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers.client import Host, Worker
from tests.integration import tiny
from tests.unit.sources.models import RecordingLog, settings_for

OPSET = 18
TEXT = "input_ids"


@dataclass(frozen=True)
class Right:
    """A file that is right, the evidence for it, and a validating worker."""

    exported: Exported
    worker: Worker

    def prove(self, file: Path, opset: int = OPSET, **inputs: str) -> Proof:
        evidence = Evidence(self.exported.cases, self.exported.axes, "pytorch")
        return proof.prove(self.worker, file, opset, evidence, settings_for(file.parent, **inputs), 1, RecordingLog())


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Right]:
    """A question-answering BERT: two outputs of one shape, so that exchanging them is a fault nobody sees by shape."""
    root = tmp_path_factory.mktemp("right")
    tiny.bert(root / "m", "BertForQuestionAnswering")
    chosen, log = settings_for(root), RecordingLog()
    model = sources.resolve(chosen, hub_endpoint="", cache=root, log=log)
    host = Host(300, 10**10, None, {})
    (root / "work" / "onnx").mkdir(parents=True)
    with attempt.start("torchscript", host, log) as worker:
        exported = attempt.export(worker, "torchscript", OPSET, model, chosen, 1, root / "work", log)
    with Worker(Path(sys.executable), proof.SERVICE, host, log) as validator:
        yield Right(exported, validator)


def weight(model: onnx.ModelProto, part: str) -> onnx.TensorProto:
    found: onnx.TensorProto = next(tensor for tensor in model.graph.initializer if part in tensor.name)
    return found


def change_weight(model: onnx.ModelProto, part: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    tensor = weight(model, part)
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor).copy()), tensor.name))


def put(index: tuple[int, ...], value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[index] = value
        return array

    return change


def one_weight(model: onnx.ModelProto) -> None:
    change_weight(model, "word_embeddings.weight", put((40, 3), 3.0))


def all_weights_a_little(model: onnx.ModelProto) -> None:
    change_weight(model, "qa_outputs.weight", lambda array: array * np.float32(1.002))


def nan_weight(model: onnx.ModelProto) -> None:
    change_weight(model, "qa_outputs.bias", put((0,), float("nan")))


def epsilon(model: onnx.ModelProto) -> None:
    norms = [node for node in model.graph.node if node.op_type == "LayerNormalization"]
    assert norms
    for node in norms:
        next(attribute for attribute in node.attribute if attribute.name == "epsilon").f = 1e-2


def swapped_outputs(model: onnx.ModelProto) -> None:
    rename(model, {"start_logits": "end_logits", "end_logits": "start_logits"})


def rename(model: onnx.ModelProto, names: dict[str, str]) -> None:
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)


def no_attention_mask(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.input[:] = ["all_ones" if name == "attention_mask" else name for name in node.input]
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    model.graph.node.insert(0, helper.make_node("Shape", [TEXT], ["its_shape"]))
    model.graph.node.insert(1, helper.make_node("ConstantOfShape", ["its_shape"], ["all_ones"], value=one))


def no_token_types(model: onnx.ModelProto) -> None:
    change_weight(model, "token_type_embeddings", lambda array: array[[0, 0]])


def fixed_batch(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 2


def baked_in_length(model: onnx.ModelProto) -> None:
    """The axes are declared dynamic, and the graph takes one length alone."""
    change = helper.make_node("Reshape", [TEXT, "size_of_the_sample"], ["ids_of_the_sample"])
    for node in model.graph.node:
        node.input[:] = ["ids_of_the_sample" if name == TEXT else name for name in node.input]
    model.graph.node.insert(0, change)
    model.graph.initializer.append(helper.make_tensor("size_of_the_sample", TensorProto.INT64, [2], [-1, 7]))


def renamed_input(model: onnx.ModelProto) -> None:
    rename(model, {TEXT: "ids"})


def extra_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("logits_to_keep", TensorProto.INT64, [1]))


def input_left_out(model: onnx.ModelProto) -> None:
    no_attention_mask(model)
    kept = [value for value in model.graph.input if value.name != "attention_mask"]
    del model.graph.input[:]
    model.graph.input.extend(kept)


def first_output_left_out(model: onnx.ModelProto) -> None:
    del model.graph.output[0]


def second_output_left_out(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def unknown_output(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Identity", ["start_logits"], ["something"]))
    model.graph.output.append(helper.make_tensor_value_info("something", TensorProto.FLOAT, ["b", "s"]))


def other_shape(model: onnx.ModelProto) -> None:
    rename(model, {"start_logits": "narrow"})
    axes = helper.make_tensor("new_axis", TensorProto.INT64, [1], [0])
    model.graph.initializer.append(axes)
    model.graph.node.append(helper.make_node("Unsqueeze", ["narrow", "new_axis"], ["start_logits"]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("start_logits", TensorProto.FLOAT, [1, "b", "s"]))


def cut_weight(model: onnx.ModelProto) -> None:
    tensor = weight(model, "qa_outputs.weight")
    tensor.raw_data = tensor.raw_data[:-4]


def unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "NoSuchOperator"


def dangling_edge(model: onnx.ModelProto) -> None:
    model.graph.node[-1].input[0] = "from_nowhere"


def other_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = OPSET - 1


def no_opset(model: onnx.ModelProto) -> None:
    del model.opset_import[:]


def newest_ir(model: onnx.ModelProto) -> None:
    model.ir_version = 99


MUTATIONS: list[tuple[Callable[[onnx.ModelProto], None], str]] = [
    (one_weight, r"at batch \d, sequence \d+.*: (start|end)_logits differs by up to [\d.e-]+, \d+ of \d+ values"),
    (all_weights_a_little, r"differs by up to"),
    (nan_weight, r"at batch \d, sequence 33, \w+ padding: start_logits, \d+ values are NaN or infinite"),
    (epsilon, r"differs by up to"),
    (swapped_outputs, r"_logits differs by up to"),
    (no_attention_mask, r"at batch \d, sequence \d+, (left|right) padding: .*differs by up to"),
    (no_token_types, r"differs by up to"),
    (fixed_batch, r"at batch 1, sequence .*Got invalid dimensions for input"),
    (baked_in_length, r"at batch \d, sequence .*(Reshape|ReshapeHelper|broadcast|dimension)"),
    (renamed_input, r"input names: the file asks for ids, which neither tokenizer nor processor gives"),
    (extra_input, r"input names: the file asks for logits_to_keep"),
    (input_left_out, r"input names: the file does not accept attention_mask, which the model reads"),
    (first_output_left_out, r"output names: the file lacks start_logits"),
    (second_output_left_out, r"output names: the file lacks end_logits"),
    (unknown_output, r"at batch \d, sequence \d+.*: something, the model has no output of this name"),
    (other_shape, r"start_logits, shape \(1, \d, \d+\) instead of \(\d, \d+\)"),
    (cut_weight, r"weights: .*qa_outputs.weight: 252 bytes instead of 256"),
    (unknown_operator, r"onnx.checker: .*NoSuchOperator"),
    (dangling_edge, r"onnx.checker: .*from_nowhere"),
    (other_opset, r"opset: 17, although 18 was promised"),
    (no_opset, r"opset: 0, although 18 was promised"),
    (newest_ir, r"(?i)onnx.checker: .*ir.version"),
]


@pytest.mark.parametrize(("mutate", "detail"), MUTATIONS, ids=lambda value: getattr(value, "__name__", None))
def test_prove__refuses(right: Right, tmp_path: Path, mutate: Callable[[onnx.ModelProto], None], detail: str) -> None:
    model = onnx.load(right.exported.file)
    mutate(model)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    proven = right.prove(tmp_path / "model.onnx")
    assert not proven.validation.passed
    found = proof.summary_of_failure(proven.validation)
    assert re.search(detail, found), found


def test_prove__without_the_mask_only_padded_cases_fail(right: Right, tmp_path: Path) -> None:
    model = onnx.load(right.exported.file)
    no_attention_mask(model)
    onnx.save(model, tmp_path / "model.onnx")
    cases = right.prove(tmp_path / "model.onnx").validation.cases
    assert len(cases) == 8
    assert all(case.passed == ("padding" not in case.shape) for case in cases)


def test_prove__fixed_axis_is_named_as_not_dynamic(right: Right, tmp_path: Path) -> None:
    model = onnx.load(right.exported.file)
    fixed_batch(model)
    onnx.save(model, tmp_path / "model.onnx")
    axes = right.prove(tmp_path / "model.onnx").validation.dynamic_axes
    batch = next(axis for axis in axes if (axis.input, axis.axis) == (TEXT, 0))
    assert (batch.declared, batch.proven, batch.passed) == (False, False, False)
    length = next(axis for axis in axes if (axis.input, axis.axis) == (TEXT, 1))
    assert length.passed


def with_external_data(right: Right, folder: Path) -> Path:
    model = onnx.load(right.exported.file)
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, location="model.onnx_data", size_threshold=0)
    return folder / "model.onnx"


def test_prove__external_data_that_is_complete_passes(right: Right, tmp_path: Path) -> None:
    proven = right.prove(with_external_data(right, tmp_path))
    assert proven.validation.passed, proof.summary_of_failure(proven.validation)
    assert proven.graph is not None
    assert proven.graph.external_files == ("model.onnx_data",)


def cut(data: Path) -> None:
    data.write_bytes(data.read_bytes()[:-100])


def empty(data: Path) -> None:
    data.write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "detail"),
    [
        (Path.unlink, "the external file model.onnx_data is missing"),
        (cut, "the external file model.onnx_data is cut off"),
        (empty, "the external file model.onnx_data is cut off"),
    ],
)
def test_prove__external_data_that_is_not(
    right: Right, tmp_path: Path, spoil: Callable[[Path], None], detail: str
) -> None:
    file = with_external_data(right, tmp_path)
    spoil(tmp_path / "model.onnx_data")
    proven = right.prove(file)
    assert not proven.validation.passed
    assert detail in proof.summary_of_failure(proven.validation)


def test_prove__external_data_outside_the_folder(right: Right, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    file = with_external_data(right, tmp_path / "inner")
    shutil.move(tmp_path / "inner" / "model.onnx_data", tmp_path / "model.onnx_data")
    model = onnx.load(file, load_external_data=False)
    for tensor in model.graph.initializer:
        tensor.external_data[0].value = "../model.onnx_data"
    file.write_bytes(model.SerializeToString())
    proven = right.prove(file)
    assert not proven.validation.passed
    assert "its external data lies outside the folder" in proof.summary_of_failure(proven.validation)


def other_axis_names(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        for place, axis in enumerate(value.type.tensor_type.shape.dim):
            axis.dim_param = f"{value.name}_{place}"


def outputs_in_another_order(model: onnx.ModelProto) -> None:
    values = list(model.graph.output)[::-1]
    del model.graph.output[:]
    model.graph.output.extend(values)


def weights_within_the_limit(model: onnx.ModelProto) -> None:
    change_weight(model, "qa_outputs.weight", lambda array: array * np.float32(1 + 1e-6))


def nothing(_: onnx.ModelProto) -> None:
    pass


@pytest.mark.parametrize("change", [nothing, other_axis_names, outputs_in_another_order, weights_within_the_limit])
def test_prove__accepts_what_is_right(right: Right, tmp_path: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    model = onnx.load(right.exported.file)
    change(model)
    onnx.save(model, tmp_path / "model.onnx")
    proven = right.prove(tmp_path / "model.onnx")
    assert proven.validation.passed, proof.summary_of_failure(proven.validation)
    assert len(proven.validation.cases) == 8
    assert all(axis.proven for axis in proven.validation.dynamic_axes)
    assert (proven.opset, proven.ir_version) == (OPSET, model.ir_version)


def test_prove__limits_of_the_user(right: Right) -> None:
    assert right.prove(right.exported.file, atol="1", rtol="0").validation.passed
    strict = right.prove(right.exported.file, atol="0", rtol="0").validation
    assert not strict.passed
    assert "values are outside the limit" in proof.summary_of_failure(strict)


def test_prove__target_runtime(right: Right) -> None:
    assert right.prove(right.exported.file, target="onnxruntime>=1.14").validation.passed
    old = right.prove(right.exported.file, target="onnxruntime>=1.13").validation
    assert proof.summary_of_failure(old) == ("target runtime: onnxruntime>=1.13 loads opsets up to 17, the file has 18")
