"""What changed in a graph: found where it is, and said so that a person finds it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.comparison.graph.difference import difference
from onnx_export_action.records import GraphDiff
from onnx_export_action.workers.protocol import Refusal
from tests.unit.comparison import graphs
from tests.unit.comparison.graphs import diff, model, node, perceptron, renamed, shuffled, value, weight


def norm(opset: int, fused: bool) -> onnx.ModelProto:
    """A linear layer and a LayerNormalization, as one node or as the nodes that it stands for."""
    before, after = node("MatMul", "x w", "m"), node("Relu", "n", "y")
    if fused:
        middle = [node("LayerNormalization", "m g b", "n", axis=-1, epsilon=1e-5)]
    else:
        middle = [
            node("ReduceMean", "m", "mean", axes=[-1]),
            node("Sub", "m mean", "d"),
            node("Pow", "d two", "d2"),
            node("ReduceMean", "d2", "var", axes=[-1]),
            node("Add", "var eps", "var_eps"),
            node("Sqrt", "var_eps", "std"),
            node("Div", "d std", "unit"),
            node("Mul", "unit g", "scaled"),
            node("Add", "scaled b", "n"),
        ]
    small = [helper.make_tensor(name, TensorProto.FLOAT, [], [each]) for name, each in (("two", 2.0), ("eps", 1e-5))]
    weights = [weight("w"), weight("g", 1, (4,)), weight("b", 2, (4,)), *([] if fused else small)]
    return model([before, *middle, after], weights, opset=opset)


def test_difference__renamed_and_reordered_is_identical(tmp_path: Path) -> None:
    base = norm(17, fused=False)
    assert diff(base, shuffled(renamed(base), random.Random(3)), tmp_path) == GraphDiff(identical=True)


def test_difference__one_node_at_the_start_is_one_node(tmp_path: Path) -> None:
    head = perceptron(40)
    head.graph.node.insert(0, node("Neg", "x", "negative"))
    head.graph.node[1].input[0] = "negative"
    found = diff(perceptron(40), head, tmp_path)
    assert (found.nodes_added, found.nodes_removed, found.nodes_altered, found.weights_changed) == (1, 0, 0, 0)
    assert found.added == ("Neg after input x",)
    assert [(each.operator, each.base, each.head) for each in found.operators] == [("Neg", 0, 1)]


def test_difference__a_place_is_told_by_the_node_before_it(tmp_path: Path) -> None:
    head = perceptron()
    head.graph.node.insert(5, node("Neg", "a1", "negative"))
    head.graph.node[6].input[0] = "negative"
    assert diff(perceptron(), head, tmp_path).added == ("Neg after layer.1/Add",)


def test_difference__a_place_without_names_is_told_by_its_weight(tmp_path: Path) -> None:
    head = renamed(perceptron())
    for each in head.graph.node:
        each.name = ""
    head.graph.node.insert(1, node("Neg", head.graph.node[0].output[0], "negative"))
    head.graph.node[2].input[0] = "negative"
    (place,) = diff(perceptron(), head, tmp_path).added
    assert place == f"Neg after MatMul with {head.graph.node[0].input[1]}"


def test_difference__layer_norm_no_longer_fused(tmp_path: Path) -> None:
    found = diff(norm(17, fused=True), norm(17, fused=False), tmp_path)
    assert (found.nodes_added, found.nodes_removed) == (9, 1)
    assert found.removed == ("LayerNormalization after MatMul with w",)
    assert found.weights_changed == 0
    assert {each.operator for each in found.operators} == {
        "Add", "Div", "LayerNormalization", "Mul", "Pow", "ReduceMean", "Sqrt", "Sub",
    }  # fmt: skip


def test_difference__another_opset_alone_changes_no_graph(tmp_path: Path) -> None:
    assert diff(norm(17, fused=True), norm(20, fused=True), tmp_path).identical


def test_difference__a_default_that_is_written_out_is_no_change(tmp_path: Path) -> None:
    head = norm(17, fused=True)
    head.graph.node[1].attribute.append(helper.make_attribute("stash_type", 1))
    assert diff(norm(17, fused=True), head, tmp_path).identical


def test_difference__an_attribute_is_told_with_both_values(tmp_path: Path) -> None:
    head = norm(17, fused=True)
    next(each for each in head.graph.node[1].attribute if each.name == "epsilon").f = 0.5
    found = diff(norm(17, fused=True), head, tmp_path)
    assert (found.identical, found.nodes_added, found.nodes_removed, found.nodes_altered) == (False, 0, 0, 1)
    assert found.altered == ("LayerNormalization with g: epsilon 1e-05 to 0.5",)


def test_difference__a_setting_is_told_with_both_values(tmp_path: Path) -> None:
    head = norm(17, fused=False)
    next(each for each in head.graph.initializer if each.name == "eps").float_data[0] = 0.5
    found = diff(norm(17, fused=False), head, tmp_path)
    assert found.altered == ("Add: input 1 is 0.5 instead of 9.999999747378752e-06",)
    assert found.weights_changed == 0


def test_difference__a_constant_that_became_an_initializer_is_the_same_setting(tmp_path: Path) -> None:
    base, head = norm(17, fused=False), norm(17, fused=False)
    tensor = base.graph.initializer.pop()
    base.graph.node.insert(0, helper.make_node("Constant", [], [tensor.name], value=tensor))
    found = diff(base, head, tmp_path)
    assert [(each.operator, each.base, each.head) for each in found.operators] == [("Constant", 1, 0)]
    assert (found.nodes_added, found.nodes_removed, found.nodes_altered, found.weights_changed) == (0, 0, 0, 0)


def test_difference__a_layer_taken_from_the_middle_is_that_layer(tmp_path: Path) -> None:
    head = perceptron(6)
    del head.graph.node[6:9], head.graph.initializer[4:6]
    head.graph.node[6].input[0] = "r1"
    found = diff(perceptron(6), head, tmp_path)
    assert found.removed == ("MatMul after layer.1/Relu", "Add after layer.2/MatMul", "Relu after layer.2/Add")
    assert {(each.name, each.kind) for each in found.weights} == {("w2", "removed"), ("b2", "removed")}
    assert (found.nodes_added, found.nodes_altered) == (0, 0)


def test_difference__two_swapped_inputs_are_told(tmp_path: Path) -> None:
    ends = [value("x"), value("z")]
    base = model([node("Sub", "x z", "y", name="/Sub")], inputs=ends)
    found = diff(base, model([node("Sub", "z x", "y", name="/Sub")], inputs=ends), tmp_path)
    assert found.altered == ("Sub: input 0 is input z instead of input x, input 1 is input x instead of input z",)


def test_difference__two_swapped_outputs_are_told(tmp_path: Path) -> None:
    ends = [value("y"), value("z")]
    base = model([node("Relu", "x", "y"), node("Tanh", "x", "z")], outputs=ends)
    head = model([node("Tanh", "x", "y"), node("Relu", "x", "z")], outputs=ends)
    found = diff(base, head, tmp_path)
    assert found.altered == ("output y is Tanh instead of Relu", "output z is Relu instead of Tanh")


def branching(then: str, otherwise: str) -> onnx.ModelProto:
    bodies = {
        name: helper.make_graph([node(operator, "x", "inner")], name, [], [value("inner")])
        for name, operator in (("then_branch", then), ("else_branch", otherwise))
    }
    made = [node("ReduceSum", "x", "total", keepdims=0), node("Cast", "total", "flag", to=TensorProto.BOOL)]
    return model([*made, node("If", "flag", "y", **bodies)])


@pytest.mark.parametrize(("head", "identical"), [(("Relu", "Tanh"), True), (("Tanh", "Relu"), False)])
def test_difference__branches_are_part_of_the_graph(head: tuple[str, str], identical: bool, tmp_path: Path) -> None:
    assert diff(branching("Relu", "Tanh"), branching(*head), tmp_path).identical == identical


def test_difference__a_node_in_a_branch_is_told_with_its_branch(tmp_path: Path) -> None:
    found = diff(branching("Relu", "Relu"), branching("Relu", "Elu"), tmp_path)
    assert found.added == ("Elu in If else_branch after input x",)


def test_difference__lists_are_cut_and_the_totals_are_not(tmp_path: Path) -> None:
    head = perceptron(60)
    for each in head.graph.node:
        each.op_type = "Tanh" if each.op_type == "Relu" else each.op_type
    for tensor in head.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + 1, tensor.name))
    found = diff(perceptron(60), head, tmp_path)
    assert (found.nodes_added, found.nodes_removed, found.weights_changed) == (60, 60, 120)
    assert (len(found.added), len(found.removed), len(found.weights)) == (10, 10, 20)


def in_a_circle() -> onnx.ModelProto:
    return model([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")])


def twice_the_same_output() -> onnx.ModelProto:
    return model([node("Relu", "x", "y"), node("Tanh", "x", "y")])


def outside_the_folder() -> onnx.ModelProto:
    tensor = onnx.TensorProto(name="w", dims=[4, 4], data_type=1, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../secret")
    return model([node("MatMul", "x w", "y")], [tensor])


def missing_data() -> onnx.ModelProto:
    broken = outside_the_folder()
    broken.graph.initializer[0].external_data[0].value = "model.data"
    return broken


def cut_weight() -> onnx.ModelProto:
    tensor = weight("w")
    tensor.raw_data = tensor.raw_data[:-4]
    return model([node("MatMul", "x w", "y")], [tensor])


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (in_a_circle, "wait for each other in a circle"),
        (twice_the_same_output, "Two nodes of the graph have an output of one name"),
        (outside_the_folder, "its external data lies outside the folder"),
        (missing_data, "the external file model.data is missing"),
        (cut_weight, "w: 60 bytes instead of 64"),
    ],
)
def test_difference__a_broken_base_is_refused_in_a_sentence(
    broken: Callable[[], onnx.ModelProto], cause: str, tmp_path: Path
) -> None:
    with pytest.raises(Refusal) as caught:
        diff(broken(), perceptron(), tmp_path)
    assert cause in caught.value.cause
    assert caught.value.kind == "usage"


def test_difference__a_cut_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base.onnx").write_bytes(graphs.perceptron().SerializeToString()[:-20])
    with pytest.raises(Refusal, match="not a readable ONNX file"):
        difference(tmp_path / "base.onnx", tmp_path / "base.onnx")
