"""Any graph: its names and its order say nothing, and one edit anywhere is found."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from onnx_export_action.records import GraphDiff
from tests.unit.comparison import graphs

_TWO = ("Add", "Mul", "MatMul", "Sub")
_ONE = ("Relu", "Tanh", "Softmax", "Transpose")

Step = tuple[str, int, int, bool]
_steps = st.lists(
    st.tuples(st.sampled_from((*_TWO, *_ONE)), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans()),
    min_size=1,
    max_size=25,
)


def build(steps: list[Step]) -> onnx.ModelProto:
    """Each step reads values that are there; what nobody reads is an output."""
    square = (graphs.SIDE, graphs.SIDE)
    values, nodes, weights = ["x", "z"], [], []
    for place, (operator, one, other, from_weight) in enumerate(steps):
        inputs = [values[one % len(values)]]
        if operator in _TWO and from_weight:
            weights.append(graphs.weight(f"w{place}", place))
            inputs.append(f"w{place}")
        elif operator in _TWO:
            inputs.append(values[other % len(values)])
        nodes.append(graphs.node(operator, " ".join(inputs), f"t{place}", name=f"/{place}/{operator}"))
        values.append(f"t{place}")
    read = {name for node in nodes for name in node.input}
    outputs = [graphs.value(name, square) for name in values[2:] if name not in read]
    return graphs.model(nodes, weights, [graphs.value("x", square), graphs.value("z", square)], outputs)


def compared(base: onnx.ModelProto, head: onnx.ModelProto) -> GraphDiff:
    with tempfile.TemporaryDirectory() as folder:
        return graphs.diff(base, head, Path(folder))


@settings(max_examples=40)
@given(steps=_steps, seed=st.integers(0, 1000))
def test_difference__names_and_order_say_nothing(steps: list[Step], seed: int) -> None:
    base = build(steps)
    found = compared(base, graphs.shuffled(graphs.renamed(base), random.Random(seed)))
    assert found == GraphDiff(identical=True)


def other_operator(head: onnx.ModelProto, place: int) -> None:
    node = head.graph.node[place]
    node.op_type = "Div" if node.op_type in _TWO else "Sigmoid"


def other_attribute(head: onnx.ModelProto, place: int) -> None:
    node = head.graph.node[place]
    node.op_type = "Elu"  # no step makes one, so this is another operator with an attribute
    del node.input[1:]
    node.attribute.append(onnx.helper.make_attribute("alpha", 0.5))


def node_in_between(head: onnx.ModelProto, place: int) -> None:
    node = head.graph.node[place]
    new = f"new{len(head.graph.node)}"
    head.graph.node.insert(place, graphs.node("Neg", node.input[0], new))
    node.input[0] = new


def other_input(head: onnx.ModelProto, place: int) -> None:
    node = head.graph.node[place]
    node.input[0] = "z" if node.input[0] != "z" else "x"


def other_value(head: onnx.ModelProto, place: int) -> None:
    if not head.graph.initializer:
        return other_operator(head, place)
    tensor = head.graph.initializer[place % len(head.graph.initializer)]
    array = numpy_helper.to_array(tensor).copy()
    array[1, 2] += 1
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return None


Edit = Callable[[onnx.ModelProto, int], None]
EDITS: tuple[Edit, ...] = (other_operator, other_attribute, node_in_between, other_input, other_value)


@settings(max_examples=60)
@given(steps=_steps, edit=st.sampled_from(EDITS), place=st.integers(0, 10**6), seed=st.integers(0, 1000))
def test_difference__one_edit_is_found_and_little_else(steps: list[Step], edit: Edit, place: int, seed: int) -> None:
    base = build(steps)
    head = build(steps)
    edit(head, place % len(steps))
    found = compared(base, graphs.shuffled(graphs.renamed(head), random.Random(seed)))
    assert not found.identical
    assert found.nodes_added <= 1
    assert found.nodes_removed <= 1
    # Of nodes that do the same with the same, any may be taken for the one that was edited.
    work = [(node.op_type, *node.input) for node in base.graph.node]
    assert found.nodes_altered + found.weights_changed <= 2 + len(work) - len(set(work))
