"""What fixes an axis is named: the node, its operator, the constant; and nothing of a right graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.records import Fixing
from onnx_export_action.validation.service import Service
from tests.integration import program

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
    "second": np.array([1]),
    "from_0": np.array([0]),
    "to_13": np.array([13]),
    "two": np.float32(2),
    "thirteen": np.float32(13),
    "thirteenth": np.float32(1 / 13),
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


# What runs at every size, and is wrong at all but 13.
FROZEN: dict[str, tuple[str, str]] = {
    "the first thirteen": (
        "y = Slice (x, from_0, to_13, second)",
        "`length` is fixed at 13 by the node `Slice_0` (Slice)",
    ),
    "thirteen places": (
        "y = Gather <axis = 1> (x, thirteen_places)",
        "`length` is fixed at 13 by the node `Gather_0` (Gather)",
    ),
    "a mean over thirteen": (
        "s = ReduceSum <keepdims = 0> (x, second)\n y = Div (s, thirteen)",
        "`length` is fixed at 13 by the node `Div_1` (Div)",
    ),
    "a thirteenth": (
        "s = ReduceSum <keepdims = 0> (x, second)\n y = Mul (s, thirteenth)",
        "`length` is fixed at 13 by the node `Mul_1` (Mul)",
    ),
    "the first place": ("y = Gather <axis = 1> (x, last)", ""),
    "another number": ("y = Div (x, two)", ""),
    "two places": ("y = Slice (x, from_0, last, second)", ""),
}


@pytest.mark.parametrize(("nodes", "sentence"), FROZEN.values(), ids=FROZEN)
def test_frozen__finds_the_size_of_the_export(tmp_path: Path, nodes: str, sentence: str) -> None:
    onnx.save(graph_of(nodes), tmp_path / "model.onnx")
    for name, shape in {"a": (1, 17), "b": (2, 29)}.items():
        np.savez(tmp_path / f"{name}.npz", **{"in.x": np.ones((*shape, 8), np.float32)})
    files = [str(tmp_path / name) for name in ("model.onnx", "a.npz", "b.npz")]
    found = Service().frozen(*files, AXES, {"batch": 3, "length": 13})
    assert (Fixing.model_validate(found).sentence if found else "") == sentence


COUNTED = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(8, 4)

    def forward(self, x):
        return self.head(x.sum(1) / len(x[0]))

def make():
    return Net()

def example_inputs():
    return torch.randn(3, 5, 8)

dynamic_axes = {"x": {0: "batch", 1: "rows"}}
"""


def test_main__names_the_node_that_counts_with_the_size_of_the_export(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(COUNTED)  # a trace takes `len` for a number
    inputs = {"model": "net.py:make", "exporter": "torchscript", "benchmark-seconds": "0"}
    outcome = program.run(tmp_path, inputs)
    assert outcome.status == 1, outcome.log
    (found,) = outcome.report["validation"]["fixings"]
    assert (found["axis"], found["operator"], found["node"]) == ("rows", "Div", "/model/Div")
    assert f"`rows` is fixed at {found['size']} by the node `/model/Div` (Div)" in outcome.summary
