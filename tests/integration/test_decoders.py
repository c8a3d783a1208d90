"""Decoders with a cache: the file goes on with a text as the model does, and one that does not is refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest

from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.validation import proof
from onnx_export_action.validation.proof import Evidence, Proof
from onnx_export_action.workers.client import Host, Worker
from tests.integration import cache_mutations as mutations
from tests.integration import right as right_export
from tests.integration import tiny
from tests.integration.mutations import OPSET, nothing, other_axis_names, outputs_in_another_order
from tests.integration.program import Outcome, assert_error
from tests.unit.sources.models import RecordingLog, settings_for

TASK = "text-generation-with-past"
Mutation = Callable[[onnx.ModelProto], None]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The files and the evidence of a tiny Llama."""
    return right_export.export(tmp_path_factory.mktemp("right"), tiny.llama, TASK)


@pytest.fixture(scope="module")
def validator() -> Iterator[Worker]:
    with Worker(Path(sys.executable), proof.SERVICE, Host(300, 10**10, None, {}), RecordingLog()) as worker:
        yield worker


@pytest.fixture
def proven(right: Exported, validator: Worker, tmp_path: Path) -> Callable[[Mutation], Proof]:
    """The proof of the right file after a change."""

    def prove(mutate: Mutation) -> Proof:
        model = onnx.load(right.file)
        mutate(model)
        onnx.save(model, tmp_path / "model.onnx")
        evidence = Evidence(right.cases, right.axes, "pytorch", right.generations)
        settings = settings_for(tmp_path, task=TASK)
        return proof.prove(validator, tmp_path / "model.onnx", OPSET, evidence, settings, 1, RecordingLog())

    return prove


MUTATIONS: list[tuple[Mutation, str]] = [
    (mutations.no_mask, r"generation: batch 3: token \d+ of text \d is \d+ instead of \d+"),
    (mutations.positions_of_the_longest, r"left padding: present\.0\.key differs by up to"),
    (mutations.positions_of_the_prompt, r"generation: batch 1: token"),
    (mutations.new_keys_alone, r"generation: batch 1: "),
    (mutations.keys_and_values_swapped, r"generation: batch 1: token"),
    (mutations.keys_and_values_swapped_on_both_sides, r"present\.1\.(key|value) differs by up to"),
    (mutations.layers_swapped, r"generation: batch 1: token"),
    (mutations.wrong_after_thirteen, r"generation: batch 1: token 4 of text 1"),
    (mutations.one_present_left_out, r"output names: the file lacks present\.1\.value"),
    (mutations.fixed_past, r"Got invalid dimensions for input: past_key_values"),
]


@pytest.mark.parametrize(("mutate", "detail"), MUTATIONS, ids=lambda value: getattr(value, "__name__", None))
def test_prove__refuses(proven: Callable[[Mutation], Proof], mutate: Mutation, detail: str) -> None:
    validation = proven(mutate).validation
    assert not validation.passed
    found = proof.summary_of_failure(validation)
    assert re.search(detail, found), found


CASES: list[tuple[Mutation, Callable[[str], bool]]] = [
    (mutations.no_mask, lambda shape: "left padding" in shape),
    (mutations.positions_of_the_prompt, lambda shape: "past" in shape),
    (mutations.layers_swapped, lambda shape: "past" in shape),
    (mutations.wrong_after_thirteen, lambda _: False),
]


@pytest.mark.parametrize(("mutate", "fails"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_prove__cases_that_see_the_fault(
    proven: Callable[[Mutation], Proof], mutate: Mutation, fails: Callable[[str], bool]
) -> None:
    cases = proven(mutate).validation.cases
    assert len(cases) == 15
    assert {case.shape: not case.passed for case in cases} == {case.shape: fails(case.shape) for case in cases}


@pytest.mark.parametrize("change", [nothing, other_axis_names, outputs_in_another_order])
def test_prove__accepts_what_is_right(proven: Callable[[Mutation], Proof], change: Mutation) -> None:
    validation = proven(change).validation
    assert validation.passed, proof.summary_of_failure(validation)
    assert all(axis.proven for axis in validation.dynamic_axes if axis.wanted)


CACHE = [f"{layer}.{kind}" for layer in (0, 1) for kind in ("key", "value")]


@pytest.mark.parametrize(
    ("name", "exporter", "before", "behind"),
    [
        ("llama", "auto", ["input_ids", "attention_mask", "position_ids"], []),
        ("gpt2", "auto", ["input_ids"], ["attention_mask", "position_ids"]),
        ("gemma3", "auto", ["input_ids", "attention_mask"], []),
        ("llama", "optimum", ["input_ids", "attention_mask", "position_ids"], []),
        ("llama", "torch", ["input_ids", "attention_mask", "position_ids"], []),
    ],
)
def test_program__writes_a_file_that_generates(
    exported: Callable[..., Outcome], name: str, exporter: str, before: list[str], behind: list[str]
) -> None:
    outcome = exported(name, task=TASK, exporter=exporter)
    assert outcome.status == 0, outcome.log
    graph, validation = outcome.report["graph"], outcome.report["validation"]
    assert [tensor["name"] for tensor in graph["inputs"]] == [
        *before,
        *(f"past_key_values.{name}" for name in CACHE),
        *behind,
    ]
    assert [tensor["name"] for tensor in graph["outputs"]] == ["logits", *(f"present.{name}" for name in CACHE)]
    check = next(check for check in validation["checks"] if check["name"] == "generation")
    assert check["detail"].startswith("20 tokens, one after the other, batch 1 and 3 with left padding, the same as")
    shapes = {case["shape"] for case in validation["cases"]}
    assert {"batch 1, sequence 1, past 159", "batch 2, sequence 1, past 11, left padding"} <= shapes
    assert all(axis["proven"] for axis in validation["dynamic_axes"] if axis["wanted"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lfm2", "The cache of lfm2 is not keys and values alone: some of its layers keep a "),
        ("mamba", "The cache of mamba is not keys and values alone: it takes no `past_key_values`."),
    ],
)
def test_program__says_why_there_is_no_file_with_a_cache(
    exported: Callable[..., Outcome], name: str, reason: str
) -> None:
    assert_error(exported(name, task=TASK), 2, reason)


@pytest.mark.parametrize(("name", "batches"), [("llama", "3 with left padding"), ("gpt2", "3")])
def test_program__a_file_without_a_cache_generates_too(
    exported: Callable[..., Outcome], name: str, batches: str
) -> None:
    outcome = exported(name, task="text-generation")
    assert outcome.status == 0, outcome.log
    checks = {check["name"]: check["detail"] for check in outcome.report["validation"]["checks"]}
    assert checks["generation"] == f"3 tokens, one after the other, batch {batches}, the same as PyTorch's"
    assert [tensor["name"] for tensor in outcome.report["graph"]["inputs"]] == ["input_ids", "attention_mask"]
    told = [note for note in outcome.report["validation"]["notes"] if "padded on the left" in note]
    assert bool(told) == (name == "gpt2")
