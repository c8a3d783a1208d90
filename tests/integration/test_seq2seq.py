"""Encoder, decoder and decoder with past: proven one by one and together, and refused where one of them is wrong."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnx_export_action import merging
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.progress import Progress
from onnx_export_action.stage import Stage
from onnx_export_action.tasks import DECODER, ENCODER, MERGED, STEP
from onnx_export_action.validation import proof, together
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers.client import Host, Worker
from onnx_export_action.workers.pool import Pool
from tests.factories import make_export, make_validation
from tests.integration import cache_mutations as mutations
from tests.integration import mutations as mutations_of_files
from tests.integration import right as right_export
from tests.integration import tiny
from tests.integration.mutations import OPSET, nothing
from tests.integration.program import Outcome, assert_error
from tests.integration.tiny import VOCABULARY
from tests.unit.sources.models import RecordingLog, settings_for

TASK = "text2text-generation-with-past"
SPEECH = "automatic-speech-recognition-with-past"
MASK = "encoder_attention_mask"
Mutation = Callable[[onnx.ModelProto], None]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The three files of a tiny T5, and the evidence for them."""
    return right_export.export(tmp_path_factory.mktemp("right"), tiny.t5, TASK)


@pytest.fixture(scope="module")
def validator() -> Iterator[Worker]:
    with Worker(Path(sys.executable), proof.SERVICE, Host(300, 10**10, None, {}), RecordingLog()) as worker:
        yield worker


@pytest.fixture
def proven(right: Exported, validator: Worker, tmp_path: Path) -> Callable[[str, Mutation], Proof]:
    """The proof of the three files after a change of one."""

    def prove(name: str, mutate: Mutation) -> Proof:
        folder = Path(shutil.copytree(right.file.parent, tmp_path / "files"))
        model = onnx.load(folder / f"{name}.onnx")
        mutate(model)
        onnx.save(model, folder / f"{name}.onnx")
        written = (right, *right.others)
        parts = {folder / f"{part.name}.onnx": Evidence(part.cases, part.axes, "pytorch") for part in written}
        settings = settings_for(tmp_path, task=TASK)
        return together.prove(validator, parts, right.generations, OPSET, settings, 1, RecordingLog())

    return prove


def no_mask(model: onnx.ModelProto) -> None:
    mutations.no_mask(model, MASK)


def swapped(first: str, second: str) -> Mutation:
    return partial(mutations.swap, first=first, second=second)


def one_left_out(model: onnx.ModelProto) -> None:
    del model.graph.output[-1]


OWN, SOURCE = "past_key_values.1.decoder", "past_key_values.1.encoder"
GENERATION = r"generation: batch \d: token \d+ of text \d is \d+ instead of \d+"
MUTATIONS: list[tuple[str, str, Mutation, str]] = [
    ("padding read by the encoder", ENCODER, partial(mutations.no_mask, name="attention_mask"), GENERATION),
    ("padding read at the first token", DECODER, no_mask, GENERATION),
    ("padding read at every other", STEP, no_mask, GENERATION),
    ("keys as values", STEP, swapped(f"{OWN}.key", f"{OWN}.value"), GENERATION),
    ("the source's keys as values", STEP, swapped(f"{SOURCE}.key", f"{SOURCE}.value"), GENERATION),
    (
        "the source's keys under another name",
        DECODER,
        swapped("present.1.encoder.key", "present.1.encoder.value"),
        GENERATION,
    ),
    (
        "wrong at one length alone",
        STEP,
        partial(mutations.wrong_after_thirteen, past="past_key_values.0.decoder.key"),
        r"generation: batch 1: token 14 of text 1",
    ),
    ("an output left out", DECODER, one_left_out, r"output names: decoder_model: the file lacks present\.1\.encoder"),
]


@pytest.mark.parametrize(
    ("name", "mutate", "detail"), [row[1:] for row in MUTATIONS], ids=[row[0] for row in MUTATIONS]
)
def test_prove__refuses(proven: Callable[[str, Mutation], Proof], name: str, mutate: Mutation, detail: str) -> None:
    validation = proven(name, mutate).validation
    assert not validation.passed
    found = proof.summary_of_failure(validation)
    assert re.search(detail, found), found


@pytest.mark.parametrize(
    ("name", "mutate"), [(ENCODER, partial(mutations.no_mask, name="attention_mask")), (STEP, no_mask)]
)
def test_prove__the_padded_cases_of_the_file_see_it(
    proven: Callable[[str, Mutation], Proof], name: str, mutate: Mutation
) -> None:
    cases = proven(name, mutate).validation.cases
    failed = {case.shape for case in cases if not case.passed}
    assert failed == {case.shape for case in cases if case.shape.startswith(name) and "padding" in case.shape}


def test_prove__accepts_what_is_right(proven: Callable[[str, Mutation], Proof]) -> None:
    validation = proven(STEP, nothing).validation
    assert validation.passed, proof.summary_of_failure(validation)
    assert {
        name: sum(case.shape.startswith(f"{name}, ") for case in validation.cases) for name in (STEP, ENCODER, DECODER)
    } == {
        STEP: 8,
        ENCODER: 12,
        DECODER: 7,
    }
    wanted = {(axis.input, axis.name) for axis in validation.dynamic_axes if axis.wanted and axis.proven}
    assert (f"{STEP}: {OWN}.key", "past_decoder_sequence_length") in wanted
    assert (f"{STEP}: {SOURCE}.key", "encoder_sequence_length") in wanted
    assert (f"{DECODER}: input_ids", "decoder_sequence_length") in wanted
    assert {len({check.name}) for check in validation.checks} == {1}


@pytest.mark.parametrize("name", [STEP, DECODER])
def test_answer__every_token_reaches_every_decoder(right: Exported, name: str) -> None:
    case = next(case for case in right.part(name).cases if "token ids" in case["shape"])
    with np.load(case["file"]) as arrays:
        tried = set(arrays["in.input_ids"].flatten().tolist())
    assert set(range(VOCABULARY)) - tried == {0, 3}  # padding, with which each answer begins, and the end


def cache(prefix: str, *sides: str) -> list[str]:
    return [f"{prefix}.{layer}.{side}.{kind}" for layer in (0, 1) for side in sides for kind in ("key", "value")]


@pytest.mark.parametrize("name", ["t5", "bart", "marian"])
def test_program__writes_three_files_that_generate(exported: Callable[..., Outcome], name: str) -> None:
    outcome = exported(name, task=TASK, merged_decoder="true")
    assert outcome.status == 0, outcome.log
    checks = {check["name"]: check["detail"] for check in outcome.report["validation"]["checks"]}
    assert checks["generation"].startswith("20 tokens, one after the other, batch 1 and 3 with right padding, the same")
    assert interface(outcome, ENCODER) == (["input_ids", "attention_mask"], ["last_hidden_state"])
    assert interface(outcome, DECODER) == (
        [MASK, "input_ids", "encoder_hidden_states"],
        ["logits", *cache("present", "decoder", "encoder")],
    )
    assert interface(outcome, STEP) == (
        [MASK, "input_ids", *cache("past_key_values", "decoder", "encoder")],
        ["logits", *cache("present", "decoder")],
    )


def interface(outcome: Outcome, name: str) -> tuple[list[str], list[str]]:
    graph = onnx.load(outcome.folder / f"{name}.onnx").graph
    return [value.name for value in graph.input], [value.name for value in graph.output]


def test_program__reports_size_of_all_and_path_of_the_main_one(exported: Callable[..., Outcome]) -> None:
    outcome = exported("t5", task=TASK)
    files = [outcome.folder / f"{name}.onnx" for name in (ENCODER, DECODER, STEP)]
    assert {file.name for file in files} == {name for name in outcome.names() if name.endswith(".onnx")}
    assert outcome.outputs["size-bytes"] == str(sum(file.stat().st_size for file in files))
    assert outcome.outputs["onnx-path"].endswith(f"{STEP}.onnx")
    assert {"config.json", "tokenizer.json", "generation_config.json"} <= outcome.names()


def test_program__hears_too(exported: Callable[..., Outcome]) -> None:
    outcome = exported("whisper", task=SPEECH, merged_decoder="true")
    assert outcome.status == 0, outcome.log
    checks = {check["name"]: check["detail"] for check in outcome.report["validation"]["checks"]}
    assert checks["generation"].startswith("20 tokens, one after the other, batch 1 and 3, the same as PyTorch")
    assert interface(outcome, ENCODER)[0] == ["input_features"]
    assert interface(outcome, DECODER)[0] == ["input_ids", "encoder_hidden_states"]
    assert "preprocessor_config.json" in outcome.names()


def test_program__sees_too(exported: Callable[..., Outcome]) -> None:
    outcome = exported("captioner", task="image-to-text-with-past", merged_decoder="true")
    assert outcome.status == 0, outcome.log
    checks = {check["name"]: check["detail"] for check in outcome.report["validation"]["checks"]}
    assert checks["generation"].startswith("20 tokens, one after the other, batch 1 and 3, the same as PyTorch")
    assert interface(outcome, ENCODER) == (["pixel_values"], ["last_hidden_state"])
    assert interface(outcome, DECODER)[0] == ["input_ids", "encoder_hidden_states"]
    assert interface(outcome, STEP)[0] == ["input_ids", *cache("past_key_values", "decoder", "encoder")]
    assert "preprocessor_config.json" in outcome.names()


def test_program__optimum_writes_them_too(exported: Callable[..., Outcome]) -> None:
    outcome = exported("t5", task=TASK, exporter="optimum")
    assert outcome.status == 0, outcome.log
    assert {name for name in outcome.names() if name.endswith(".onnx")} == {
        f"{name}.onnx" for name in (ENCODER, DECODER, STEP)
    }


def test_program__a_model_without_a_decoder_has_no_past(exported: Callable[..., Outcome]) -> None:
    assert_error(exported("wav2vec2", task=SPEECH), 2, "A wav2vec2 model has no decoder, so there is no past.")


def test_program__merges_the_decoders_and_stores_each_weight_once(exported: Callable[..., Outcome]) -> None:
    outcome = exported("t5", task=TASK, merged_decoder="true")
    assert outcome.status == 0, outcome.log
    inputs, outputs = interface(outcome, MERGED)
    assert inputs == [*interface(outcome, DECODER)[0], *interface(outcome, STEP)[0][2:], "use_cache_branch"]
    assert outputs == interface(outcome, DECODER)[1]
    assert weight_bytes(outcome, MERGED) == weight_bytes(outcome, DECODER)
    checks = {check["name"]: check["detail"] for check in outcome.report["validation"]["checks"]}
    assert re.fullmatch(
        r"both branches give the answers in 15 cases; 20 tokens, one after the other, .*", checks["merged decoder"]
    )
    shapes = [case["shape"] for case in outcome.report["validation"]["cases"]]
    assert sum(shape.startswith(f"{MERGED}, ") for shape in shapes) == 15
    assert outcome.outputs["onnx-path"].endswith(f"{STEP}.onnx")


def weight_bytes(outcome: Outcome, name: str) -> int:
    """Of the weights outside of branches, and of those inside that are more than a few numbers."""
    graph = onnx.load(outcome.folder / f"{name}.onnx").graph
    inner = [attribute.g for node in graph.node for attribute in node.attribute if node.op_type == "If"]
    tensors = [tensor for each in (graph, *inner) for tensor in each.initializer]
    return sum(array.nbytes for array in map(onnx.numpy_helper.to_array, tensors) if array.ndim > 1)


@pytest.mark.parametrize(
    ("part", "detail"), [(DECODER, "wrong at decoder_model_merged, batch 1, sequence 1, source 7"), (STEP, "past 3")]
)
def test_merge__a_wrong_branch_is_found(right: Exported, tmp_path: Path, part: str, detail: str) -> None:
    folder = Path(shutil.copytree(right.file.parent, tmp_path / "files"))
    model = onnx.load(folder / f"{part}.onnx")
    mutations_of_files.change_weight(model, "final_layer_norm", lambda array: -array)
    onnx.save(model, folder / f"{part}.onnx")
    progress = Progress(validation=make_validation(), export=make_export(opset=OPSET))
    settings = settings_for(tmp_path, task=TASK, merged_decoder="true")
    stage = Stage(settings, Host(300, 10**10, None, dict(os.environ)), 1, tmp_path, RecordingLog(), progress, Pool())
    merging.merge(stage, replace(right, file=folder / right.file.name))
    assert progress.validation is not None
    assert not progress.validation.passed
    check = progress.validation.checks[-1]
    assert (check.name, check.passed) == ("merged decoder", False)
    assert detail in check.detail
