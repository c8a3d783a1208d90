"""What fixes an axis is named: the node, its operator, the constant; and nothing of a right graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.records import Fixing
from onnx_export_action.validation.service import Service

AXES = {"x": {"0": "batch", "1": "length"}}
CASES = {"short": (1, 7), "long": (2, 29)}

# Nodes from `x` [batch, length, 8] to `y`, of a sample of 13 positions; and what is said of them.
GRAPHS: dict[str, tuple[str, str]] = {
    "a table of positions": (
        "y = Add (x, thirteen_rows)",
        "`length` is fixed at 13 by the node `Add_0` (Add), which reads `thirteen_rows`, of this size for all inputs",
    ),
    "a table that was read before": (
        "p = Gather <axis = 0> (table, thirteen_places)\n y = Add (x, p)",
        "`length` is fixed at 13 by the node `Add_1` (Add), which reads `thirteen_places`, of this size for all inputs",
    ),
    "a shape": ("y = Reshape (x, rows_of_13)", "`length` is fixed at 13 by the node `Reshape_0` (Reshape)"),
    "a shape of heads": (
        "y = Reshape (x, heads_of_13)",
        "`length` is fixed at 13 by the node `Reshape_0` (Reshape)",
    ),
    "a shape with the batch": (
        "y = Reshape (x, whole_sample)",
        "`batch` is fixed at 3 by the node `Reshape_0` (Reshape)",
    ),
    "a shape that leaves out the batch": (
        "f = Reshape (x, flat_13)\n y = Relu (f)",
        "`length` is fixed at 13 by the node `Reshape_0` (Reshape)",
    ),
    "a mask that is spread": (
        "m = ReduceSum <keepdims = 1> (x, last)\n y = Expand (m, spread_13)",
        "`length` is fixed at 13 by the node `Expand_1` (Expand)",
    ),
    "a product over the positions": (
        "t = Transpose <perm = [0, 2, 1]> (x)\n y = MatMul (t, mixing)",
        "`length` is fixed at 13 by the node `MatMul_1` (MatMul), which reads `mixing`, of this size for all inputs",
    ),
    "a table that is long enough": ("i = Shape <start = 1, end = 2> (x)\n y = Gather (table, i)", ""),
    "thirteen heads": ("w = MatMul (x, to_thirteen)\n y = Reshape (w, thirteen_heads)", ""),
}  # fmt: skip

CONSTANTS = {
    "thirteen_rows": np.ones((13, 8), np.float32),
    "table": np.ones((64, 8), np.float32),
    "thirteen_places": np.arange(13),
    "rows_of_13": np.array([-1, 13, 8]),
    "heads_of_13": np.array([-1, 2, 13, 4]),
    "whole_sample": np.array([3, 13, 8]),
    "flat_13": np.array([-1, 104]),
    "spread_13": np.array([1, 13, 8]),
    "mixing": np.ones((13, 5), np.float32),
    "last": np.array([2]),
    "to_thirteen": np.ones((8, 13), np.float32),
    "thirteen_heads": np.array([0, -1, 13, 1]),
}


def graph_of(nodes: str, length: int | str = "length") -> onnx.ModelProto:
    graph = onnx.parser.parse_graph(f"g (float[batch, length, 8] x) => (float[u, v, w] y) {{ {nodes} }}")
    graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", length, 8]))
    read = {name for node in graph.node for name in node.input}
    graph.initializer.extend(numpy_helper.from_array(CONSTANTS[name], name) for name in CONSTANTS if name in read)
    for place, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{place}"
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def said(model: onnx.ModelProto, folder: Path, failing: str = "long", **declared: int) -> list[str]:
    onnx.save(model, folder / "model.onnx")
    for name, shape in CASES.items():
        np.savez(folder / f"{name}.npz", **{"in.x": np.ones((*shape, 8), np.float32)})
    other = next(name for name in CASES if name != failing)
    files = [str(folder / f"{name}.npz") for name in (failing, other)]
    found = Service().fix(str(folder / "model.onnx"), *files, AXES, declared)
    return [Fixing.model_validate(each).sentence for each in found]


@pytest.mark.parametrize("failing", CASES)
@pytest.mark.parametrize(("nodes", "sentence"), GRAPHS.values(), ids=GRAPHS)
def test_fix__names_the_place_and_nothing_that_is_right(
    tmp_path: Path, nodes: str, sentence: str, failing: str
) -> None:
    assert said(graph_of(nodes), tmp_path, failing) == [sentence][: bool(sentence)]


def test_fix__places_taken_whatever_there_is(tmp_path: Path) -> None:
    model = graph_of("t = Gather <axis = 1> (x, thirteen_places)\n y = Add (t, x)")
    (sentence,) = said(model, tmp_path)
    assert sentence.startswith("`length` is fixed at 13 by the node `Gather_0` (Gather), which reads `thirteen_places`")
    assert said(model, tmp_path, "short") == ["the graph stops at the node `Gather_0` (Gather)"]


def test_fix__the_declaration_alone(tmp_path: Path) -> None:
    model = graph_of("y = Relu (x)", length=13)
    assert said(model, tmp_path, length=13) == [
        "`length` is fixed by the file's declaration alone: its graph runs at other sizes"
    ]


def test_fix__the_declaration_and_the_node_that_needs_it(tmp_path: Path) -> None:
    model = graph_of("y = Add (x, thirteen_rows)", length=13)
    (sentence,) = said(model, tmp_path, length=13)
    assert sentence.startswith("`length` is fixed at 13 by the node `Add_0`")


def test_fix__where_it_stops_for_another_reason(tmp_path: Path) -> None:
    model = graph_of("i = Shape <start = 1, end = 2> (x)\n t = Gather (short_table, i)\n y = Add (x, t)")
    model.graph.initializer.append(numpy_helper.from_array(np.ones((20, 8), np.float32), "short_table"))
    assert said(model, tmp_path) == ["the graph stops at the node `Gather_1` (Gather)"]


def test_fix__the_part_that_the_node_is_of(tmp_path: Path) -> None:
    model = graph_of("y = Add (x, thirteen_rows)")
    model.graph.node[0].name = "/model/encoder/embeddings/Add_1"
    (sentence,) = said(model, tmp_path)
    assert "by the node `/model/encoder/embeddings/Add_1` (Add of `encoder.embeddings`)" in sentence


def test_fix__a_node_without_a_name_is_called_by_its_output(tmp_path: Path) -> None:
    model = graph_of("y = Add (x, thirteen_rows)")
    model.graph.node[0].name = ""
    assert "the node `y` (Add)" in said(model, tmp_path)[0]
