"""Token ids look up the model's own table, or it is said what else is done with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from onnx_export_action.validation import tables

TABLE = np.arange(80, dtype=np.float32).reshape(20, 4)
OTHER = TABLE + 1
OWN = {"ids": {"hashes": [hashlib.sha256(TABLE.tobytes()).hexdigest()], "known": [1, 2]}}


def constant(name: str, value: Any) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value)))


def model(*before: NodeProto, ids: str = "ids", table: str = "own") -> onnx.ModelProto:
    nodes = [*before, helper.make_node("Gather", [table, ids], ["vectors"])]
    weights = [numpy_helper.from_array(TABLE, "own"), numpy_helper.from_array(OTHER, "other")]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", "sequence", 4])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def branch(name: str, value: str) -> onnx.GraphProto:
    out = helper.make_tensor_value_info(name, TensorProto.INT64, None)
    return helper.make_graph([helper.make_node("Identity", [value], [name])], name, [], [out])


CHOICE = helper.make_node("If", ["flag"], ["chosen"], then_branch=branch("a", "ids"), else_branch=branch("b", "mask"))
SAME = [
    model(),
    model(helper.make_node("Cast", ["ids"], ["wide"], to=TensorProto.INT64), ids="wide"),
    model(constant("flat", [-1]), helper.make_node("Reshape", ["ids", "flat"], ["row"]), ids="row"),
    model(helper.make_node("Shape", ["ids"], ["shape"])),
    model(constant("pad", 1), helper.make_node("Equal", ["ids", "pad"], ["padding"])),
]
STRANGE = [
    (model(table="other"), "other is no table of the model"),
    (model(constant("one", 7), helper.make_node("Equal", ["ids", "one"], ["seven"])), "Equal reads the ids too"),
    (model(constant("one", [1, 7]), helper.make_node("Equal", ["ids", "one"], ["both"])), "Equal reads the ids too"),
    (model(helper.make_node("ArgMax", ["ids"], ["last"], axis=1)), "ArgMax reads the ids too"),
    (model(constant("one", 1), helper.make_node("Add", ["ids", "one"], ["next"]), ids="next"), "Add reads the ids too"),
    (model(helper.make_node("Equal", ["ids", "ids"], ["same"])), "Equal reads the ids too"),
    (model(helper.make_node("Gather", ["other", "ids"], ["bias"])), "other is no table of the model"),
    (model(CHOICE), "If reads the ids inside its branches"),
    (model(ids="elsewhere"), "no table is indexed by the ids"),
]


@pytest.mark.parametrize("written", SAME)
def test_strange__ids_that_only_look_up(written: onnx.ModelProto, tmp_path: Path) -> None:
    assert tables.strange(written, tmp_path, OWN) == {"ids": ""}


@pytest.mark.parametrize(("written", "reason"), STRANGE, ids=[reason for _, reason in STRANGE])
def test_strange__says_what_else_is_done(written: onnx.ModelProto, reason: str, tmp_path: Path) -> None:
    assert tables.strange(written, tmp_path, OWN) == {"ids": reason}


def swapped(table: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return table[[1, 0, *range(2, 20)]]


@pytest.mark.parametrize(("change", "reason"), [(np.copy, ""), (swapped, "own is no table of the model")])
def test_strange__external_data(
    change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]], reason: str, tmp_path: Path
) -> None:
    written = model()
    written.graph.initializer[0].CopyFrom(numpy_helper.from_array(change(TABLE), "own"))
    file = tmp_path / "model.onnx"
    onnx.save(written, file, save_as_external_data=True, location="data", size_threshold=0)
    read = onnx.load(file, load_external_data=False)
    assert tables.strange(read, tmp_path, OWN) == {"ids": reason}
