"""What does no work goes; what looks the same and is not, stays."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, parser
from onnx.reference import ReferenceEvaluator

from onnx_export_action.exporters.simplify import simplify

IDENTITIES = "a = Identity(x)  b = Add(a, a)  y = Identity(b)"
TWINS = "a = Neg(x)  b = Neg(x)  c = Add(a, b)  d = Neg(b)  y = Add(c, d)"
OTHER_ATTRIBUTES = "a = Elu<alpha=1.0>(x)  b = Elu<alpha=2.0>(x)  y = Add(a, b)"
SAME_ATTRIBUTES = "a = Elu<alpha=2.0>(x)  b = Elu<alpha=2.0>(x)  y = Add(a, b)"
UNREAD = "a = Neg(x)  b = Exp(a)  y = Abs(x)"
GIVEN_OUT = "y = Neg(x)  z = Neg(x)"
CONSTANTS = (
    "c = Constant<value_float=2.0>()  d = Constant<value_float=2.0>()  a = Mul(x, c)  b = Mul(x, d)  y = Add(a, b)"
)
BY_CHANCE = "a = RandomNormalLike(x)  b = RandomNormalLike(x)  c = Sub(a, b)  y = Add(x, c)"


def graph_of(nodes: str, outputs: str = "float[n] y") -> onnx.GraphProto:
    return parser.parse_graph(f"agraph (float[n] x) => ({outputs}) {{ {nodes} }}")


@pytest.mark.parametrize(
    ("nodes", "left"),
    [
        (IDENTITIES, ["Add", "Identity"]),  # the last one gives the graph's own output its name
        (TWINS, ["Neg", "Add", "Neg", "Add"]),
        (OTHER_ATTRIBUTES, ["Elu", "Elu", "Add"]),
        (SAME_ATTRIBUTES, ["Elu", "Add"]),
        (UNREAD, ["Abs"]),
        (CONSTANTS, ["Constant", "Mul", "Add"]),
    ],
)
def test_simplify__answers_stay_with_fewer_nodes(nodes: str, left: list[str]) -> None:
    graph = graph_of(nodes)
    x = {"x": np.array([0.5, -1.0, 2.0], np.float32)}
    before = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])).run(None, x)
    simplify(graph)
    after = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])).run(None, x)
    assert [node.op_type for node in graph.node] == left
    np.testing.assert_array_equal(before, after)


def test_simplify__random_numbers_are_drawn_as_often() -> None:
    graph = graph_of(BY_CHANCE)
    simplify(graph)
    assert [node.op_type for node in graph.node].count("RandomNormalLike") == 2


def test_simplify__each_output_keeps_a_node_that_gives_it() -> None:
    graph = graph_of(GIVEN_OUT, "float[n] y, float[n] z")
    simplify(graph)
    assert [list(node.output) for node in graph.node] == [["y"], ["z"]]


def test_simplify__a_large_constant_is_not_compared() -> None:
    large = [
        helper.make_node("Constant", [], [name], value=helper.make_tensor("t", TensorProto.FLOAT, [2000], [1.0] * 2000))
        for name in ("c", "d")
    ]
    graph = graph_of("a = Add(c, d)  y = Add(x, a)")
    rest = [onnx.NodeProto.FromString(node.SerializeToString()) for node in graph.node]
    del graph.node[:]
    graph.node.extend([*large, *rest])
    simplify(graph)
    assert len(graph.node) == 4


def test_simplify__a_branch_reads_what_is_around_it_under_its_new_name() -> None:
    inner = "z = Add(b, x)"
    nodes = f"""a = Neg(x)  b = Neg(x)  s = ReduceSum<keepdims=0>(a)  zero = Constant<value_float=0.0>()
        above = Greater(s, zero)
        y = If (above) <
            then_branch = t () => (float[n] z) {{ {inner} }},
            else_branch = e () => (float[n] w) {{ w = Identity(b) }}
        >
    """
    graph = graph_of(nodes)
    x = {"x": np.array([0.5, -1.0, 2.0], np.float32)}
    before = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])).run(None, x)
    simplify(graph)
    after = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])).run(None, x)
    assert [node.op_type for node in graph.node].count("Neg") == 1
    np.testing.assert_array_equal(before, after)
