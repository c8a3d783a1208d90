from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.records import Tensor
from onnx_export_action.report import usage
from tests.factories import (
    make_case,
    make_error_report,
    make_failed_report,
    make_file,
    make_graph,
    make_report,
    make_validation,
)

PIXELS = Tensor(name="pixel_values", dtype="float", shape=("batch", 3, 224, 224))


def test_example__six_lines_with_the_tokenizer() -> None:
    lines = [line for line in usage.example(make_report()).splitlines() if line]
    assert len(lines) == 6
    assert lines[1] == "from transformers import AutoTokenizer"
    assert lines[5].endswith('for name in ["input_ids", "attention_mask"]})')


def test_example__arrays_at_a_size_that_is_known_to_run() -> None:
    case = make_case("batch 2", inputs={"pixel_values": (2, 3, 224, 224)})
    report = make_report(graph=make_graph(inputs=(PIXELS,)), validation=make_validation(cases=(case,)))
    assert '"pixel_values": numpy.ones((2, 3, 224, 224), "float32")' in usage.example(report)


def test_example__arrays_where_no_tokenizer_is_in_the_bundle() -> None:
    text = usage.example(make_report(files=(make_file(),)))
    assert "transformers" not in text
    assert '"input_ids": numpy.ones((1, 7), "int64")' in text


def test_example__arrays_where_a_tokenizer_does_not_give_every_input() -> None:
    tensors = (*make_graph().inputs, Tensor(name="decoder_input_ids", dtype="int64", shape=("batch", "length")))
    text = usage.example(make_report(graph=make_graph(inputs=tensors)))
    assert '"decoder_input_ids": numpy.ones((1, 1), "int64")' in text


@pytest.mark.parametrize(
    "report", [make_failed_report(), make_error_report(), make_report(graph=None), make_report(files=())]
)
def test_example__none_without_a_file_to_trust(report: object) -> None:
    assert usage.example(report) == ""  # type: ignore[arg-type]


@given(st.text(min_size=1, max_size=20), st.booleans())
def test_example__is_python_whatever_the_names(name: str, tokenizer: bool) -> None:
    inputs = (Tensor(name="input_ids" if tokenizer else name, dtype="int64", shape=("n",)),)
    outputs = (Tensor(name=name, dtype="float", shape=("n",)),)
    text = usage.example(make_report(graph=make_graph(inputs=inputs, outputs=outputs)))
    literals = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    assert name in literals
    assert not set("`<>@|") & set(text)
