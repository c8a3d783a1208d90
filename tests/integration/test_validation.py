"""The proof of a real file, and of the same file with one thing wrong: refused, with what was seen."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest

from onnx_export_action import sources
from onnx_export_action.exporters import attempt
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.validation import proof
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers.client import Host, Worker
from tests.integration import mutations, tiny
from tests.integration.mutations import OPSET, TEXT
from tests.unit.sources.models import RecordingLog, settings_for


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
    root = tmp_path_factory.mktemp("right")
    tiny.bert_for_questions(root / "m")
    chosen, log = settings_for(root), RecordingLog()
    model = sources.resolve(chosen, hub_endpoint="", cache=root, log=log)
    host = Host(300, 10**10, None, {})
    (root / "work" / "onnx").mkdir(parents=True)
    with attempt.start("torchscript", host, log) as worker:
        exported = attempt.export(worker, "torchscript", OPSET, model, chosen, 1, root / "work", log)
    with Worker(Path(sys.executable), proof.SERVICE, host, log) as validator:
        yield Right(exported, validator)


MUTATIONS: list[tuple[Callable[[onnx.ModelProto], None], str]] = [
    (
        mutations.one_weight,
        r"at batch \d+, sequence \d+.*: \w+_logits differs by up to [\d.e-]+, \d+ of \d+",
    ),
    (mutations.all_weights_a_little, r"differs by up to"),
    (mutations.nan_weight, r"at batch \d+, sequence \d+.*: start_logits, \d+ values are NaN or infinite"),
    (mutations.epsilon, r"differs by up to"),
    (mutations.swapped_outputs, r"_logits differs by up to"),
    (mutations.no_attention_mask, r"at batch \d+, sequence \d+, (left|right) padding: .*differs by up to"),
    (mutations.no_token_types, r"differs by up to"),
    (
        mutations.fixed_batch,
        r"at batch 1, sequence .*Got invalid dimensions for input.*; `batch_size` is fixed by the file's declaration",
    ),
    (
        mutations.baked_in_length,
        r"at batch \d+, sequence .*Reshape.*; `sequence_length` is fixed at 7 by the node `ids_of_the_sample`",
    ),
    (mutations.renamed_input, r"input names: the file asks for ids, which neither tokenizer nor processor gives"),
    (mutations.extra_input, r"input names: the file asks for logits_to_keep"),
    (mutations.input_left_out, r"input names: the file does not accept attention_mask, which the model reads"),
    (mutations.first_output_left_out, r"output names: the file lacks start_logits"),
    (mutations.second_output_left_out, r"output names: the file lacks end_logits"),
    (mutations.unknown_output, r"at batch \d+, sequence \d+.*: something, the model has no output of this name"),
    (mutations.other_shape, r"start_logits, shape \(1, \d, \d+\) instead of \(\d, \d+\)"),
    (mutations.cut_weight, r"weights: .*qa_outputs.weight: 252 bytes instead of 256"),
    (mutations.unknown_operator, r"onnx.checker: .*NoSuchOperator"),
    (mutations.dangling_edge, r"onnx.checker: .*from_nowhere"),
    (mutations.other_opset, r"opset: 17, although 18 was promised"),
    (mutations.no_opset, r"opset: 0, although 18 was promised"),
    (mutations.newest_ir, r"(?i)onnx.checker: .*ir.version"),
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
    mutations.no_attention_mask(model)
    onnx.save(model, tmp_path / "model.onnx")
    cases = right.prove(tmp_path / "model.onnx").validation.cases
    assert len(cases) == 12
    assert all(case.passed == ("padding" not in case.shape) for case in cases)


def test_prove__fixed_axis_is_named_as_not_dynamic(right: Right, tmp_path: Path) -> None:
    model = onnx.load(right.exported.file)
    mutations.fixed_batch(model)
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


@pytest.mark.parametrize(
    "change",
    [
        mutations.nothing,
        mutations.other_axis_names,
        mutations.outputs_in_another_order,
        mutations.weights_within_the_limit,
    ],
)
def test_prove__accepts_what_is_right(right: Right, tmp_path: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    model = onnx.load(right.exported.file)
    change(model)
    onnx.save(model, tmp_path / "model.onnx")
    proven = right.prove(tmp_path / "model.onnx")
    assert proven.validation.passed, proof.summary_of_failure(proven.validation)
    assert len(proven.validation.cases) == 12
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
