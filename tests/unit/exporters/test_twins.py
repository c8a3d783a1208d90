"""Outputs that are one value under several names."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from onnx_export_action.exporters import twins

ROWS = [
    ("none", [("Relu", "x", "a"), ("Abs", "x", "b")], ["a", "b"], ["a", "b"]),
    ("of the value itself", [("Relu", "x", "a"), ("Identity", "a", "b")], ["a", "b"], ["a"]),
    ("before the value", [("Relu", "x", "a"), ("Identity", "a", "b")], ["b", "a"], ["a"]),
    ("of a hidden one", [("Relu", "x", "h"), ("Identity", "h", "a"), ("Identity", "h", "b")], ["a", "b"], ["a"]),
    ("of a twin", [("Relu", "x", "a"), ("Identity", "a", "b"), ("Identity", "b", "c")], ["a", "b", "c"], ["a"]),
    ("read by another", [("Relu", "x", "a"), ("Identity", "a", "b"), ("Abs", "b", "c")], ["a", "b", "c"], ["a", "c"]),
    ("of an input", [("Identity", "x", "a"), ("Identity", "x", "b")], ["a", "b"], ["a"]),
]


def graph(nodes: list[tuple[str, str, str]], outputs: list[str]) -> onnx.GraphProto:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", *outputs)]
    made = [helper.make_node(kind, [source], [target]) for kind, source, target in nodes]
    return helper.make_graph(made, "graph", values[:1], values[1:])


@pytest.mark.parametrize(("nodes", "outputs", "kept"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_take__leaves_one_output_of_each_value(
    nodes: list[tuple[str, str, str]], outputs: list[str], kept: list[str]
) -> None:
    model = graph(nodes, outputs)
    found = twins.take(model)
    assert [value.name for value in model.output] == kept
    onnx.checker.check_graph(model)
    twins.give_back(model, found)
    assert [value.name for value in model.output] == outputs
    onnx.checker.check_graph(model)
