"""The figures that no machine can change."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from onnx_export_action.comparison.counted import figures, macs, peak, shapes
from onnx_export_action.comparison.counted.figures import Figure
from onnx_export_action.comparison.flat import flatten
from onnx_export_action.records import Change
from tests.unit.comparison.graphs import model, node, perceptron, renamed, shuffled, value, weight


def case(**inputs: list[int]) -> dict[str, Any]:
    return {"shape": "batch 2", "inputs": inputs}


def of(made: onnx.ModelProto, folder: Path, sizes: dict[str, Any] | None = None) -> dict[str, Figure]:
    onnx.save(made, folder / "model.onnx")
    return {figure.name: figure for figure in figures.of_file(folder / "model.onnx", sizes or case(x=[2, 4]))}


def test_of_file__all_of_a_small_graph(tmp_path: Path) -> None:
    found = of(perceptron(), tmp_path)
    assert {name: figure.value for name, figure in found.items()} == {
        "size": (tmp_path / "model.onnx").stat().st_size,
        "parameters": 60,
        "parameters-float": 60,
        "initializers": 6,
        "nodes": 9,
        "macs": 3 * 2 * 4 * 4,
        "activation-peak": 2 * 2 * 4 * 4,
        "inputs": 1,
        "outputs": 1,
        "opset": 18,
        "ir-version": 8,
    }
    assert found["macs"].detail == "at batch 2"


def test_of_file__names_and_order_say_nothing(tmp_path: Path) -> None:
    made = model(
        [node("Relu", "x", "a"), node("Tanh", "x", "b"), node("MatMul", "a w", "c"), node("Add", "c b", "y")],
        [weight("w")],
    )
    first = of(made, tmp_path)
    second = of(shuffled(renamed(made), random.Random(1)), tmp_path)
    assert {**first, "size": None} == {**second, "size": None}


def test_of_file__external_data_belongs_to_the_size(tmp_path: Path) -> None:
    onnx.save(perceptron(), tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    (size, *_) = figures.of_file(tmp_path / "m.onnx", None)
    assert size.value == sum((tmp_path / name).stat().st_size for name in ("m.onnx", "m.data"))


def test_of_file__without_a_case_nothing_is_said_of_sizes(tmp_path: Path) -> None:
    onnx.save(perceptron(), tmp_path / "m.onnx")
    assert {"macs", "activation-peak"}.isdisjoint(each.name for each in figures.of_file(tmp_path / "m.onnx", None))


def test_changes__of_two_files() -> None:
    base = [Figure(name="size", unit="bytes", value=10), Figure(name="parameters-float", value=5)]
    head = [Figure(name="size", unit="bytes", value=6), Figure(name="parameters-float16", value=5)]
    assert figures.changes(base, head) == (
        Change(name="size", unit="bytes", base=10, head=6),
        Change(name="parameters-float16", base=0, head=5),
        Change(name="parameters-float", base=5, head=0),
    )


def test_changes__of_one_file() -> None:
    assert figures.changes(None, [Figure(name="nodes", value=3)]) == (Change(name="nodes", base=None, head=3),)


def test_changes__what_is_unknown_says_why_and_on_which_side() -> None:
    known, unknown = Figure(name="macs", value=8, detail="at batch 2"), Figure(name="macs", value=None, detail="Loop")
    (change,) = figures.changes([unknown], [known])
    assert (change.base, change.head, change.percent, change.detail) == (None, 8, None, "base: Loop")


W, C = (4, 4), (6, 3, 5, 5)
RULES: list[tuple[onnx.NodeProto, dict[str, tuple[int, ...]], int | None]] = [
    (node("MatMul", "x w", "y"), {"x": (2, 7, 4), "w": (4, 9)}, 2 * 7 * 4 * 9),
    (node("MatMul", "x w", "y"), {"x": (2, 3, 7, 4), "w": (2, 3, 4, 9)}, 6 * 7 * 4 * 9),
    (node("Gemm", "x w", "y", transA=1, transB=1), {"x": (4, 7), "w": (9, 4)}, 7 * 4 * 9),
    (node("Conv", "x w", "y", pads=[2] * 4), {"x": (2, 3, 8, 8), "w": C}, 2 * 6 * 8 * 8 * 3 * 5 * 5),
    (node("Conv", "x w", "y", group=3), {"x": (1, 3, 9, 9), "w": (3, 1, 3, 3)}, 3 * 7 * 7 * 9),
    (node("ConvTranspose", "x w", "y"), {"x": (1, 3, 4, 4), "w": (3, 2, 2, 2)}, 3 * 4 * 4 * 2 * 2 * 2),
    (node("Einsum", "x w", "y", equation="bij,bjk->bik"), {"x": (2, 3, 4), "w": (2, 4, 5)}, 2 * 3 * 4 * 5),
    (node("Einsum", "x", "y", equation="ij->ji"), {"x": (3, 4)}, 0),
    (node("Einsum", "x w", "y", equation="...j,jk->...k"), {"x": (2, 3, 4), "w": (4, 5)}, None),
    (node("LSTM", "x w r", "y", hidden_size=5), {"x": (7, 2, 3), "w": (1, 20, 3), "r": (1, 20, 5)}, 14 * 20 * 8),
    (node("GRU", "x w r", "y", hidden_size=5), {"x": (7, 2, 3), "w": (1, 15, 3), "r": (1, 15, 5)}, 14 * 15 * 8),
    (node("Attention", "x k v", "y"), {"x": (2, 3, 5, 8), "k": (2, 3, 7, 8), "v": (2, 3, 7, 8)}, 2 * 3 * 5 * 7 * 16),
    (
        node("Attention", "x k v", "y", q_num_heads=4, kv_num_heads=2),
        {"x": (2, 5, 32), "k": (2, 7, 16), "v": (2, 7, 16)},
        2 * 5 * 7 * 64,
    ),
    (
        node("FusedMatMul", "x w", "y", transB=1, domain="com.microsoft"),
        {"x": (2, 7, 4), "w": (2, 9, 4)},
        2 * 7 * 4 * 9,
    ),
    (
        node("Attention", "x w b", "y", num_heads=2, domain="com.microsoft"),
        {"x": (2, 5, 8), "w": (8, 24), "b": (24,)},
        2 * 5 * 8 * 24 + 2 * 5 * 5 * 16,
    ),
    (
        node("MultiHeadAttention", "x k v", "y", num_heads=2, domain="com.microsoft"),
        {"x": (2, 5, 8), "k": (2, 7, 8), "v": (2, 7, 8)},
        2 * 5 * 7 * 16,
    ),
    (node("MatMulNBits", "x w s", "y", K=4, N=9, domain="com.microsoft"), {"x": (2, 4), "w": (9, 2), "s": (9,)}, 72),
    (node("FusedGemm", "x w", "y", activation="Tanh", domain="com.microsoft"), {"x": (2, 4), "w": (4, 9)}, 2 * 4 * 9),
    (
        node("FusedConv", "x w", "y", activation="Relu", strides=[2, 2], domain="com.microsoft"),
        {"x": (1, 3, 9, 9), "w": (6, 3, 3, 3)},
        6 * 4 * 4 * 27,
    ),
    (node("FastGelu", "x", "y", domain="com.microsoft"), {"x": (2, 4)}, 0),
    (node("Softmax", "x", "y"), {"x": (2, 4)}, 0),
    (node("Something", "x", "y", domain="com.example"), {"x": (2, 4)}, None),
    (node("MoE", "x", "y", domain="com.microsoft"), {"x": (2, 4)}, None),
    (node("MatMul", "x w", "y"), {"x": (2, 7, 4)}, None),
]


@pytest.mark.parametrize(("operation", "inputs", "expected"), RULES)
def test_total__each_rule(operation: onnx.NodeProto, inputs: dict[str, tuple[int, ...]], expected: int | None) -> None:
    ends = [value(name, [f"{name}{axis}" for axis in range(3)]) for name in operation.input]
    made = model([operation], inputs=ends, opset=23)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    count, reason = macs.total(shapes.infer(flatten(made, Path()), inputs))
    assert count == expected
    assert bool(reason) == (expected is None)


def test_total__one_layer_of_a_perceptron_in_every_fusion() -> None:
    plain = model(
        [node("MatMul", "x w", "m"), node("Gelu", "m", "g"), node("MatMul", "g w", "y")], [weight("w")], opset=20
    )
    fused = model(
        [node("MatMul", "x w", "m"), node("Gelu", "m", "g", domain="com.microsoft"), node("MatMul", "g w", "y")],
        [weight("w")],
    )
    counts = [macs.total(shapes.infer(flatten(each, Path()), {"x": (2, 4)})) for each in (plain, fused)]
    assert counts == [(64, ""), (64, "")]


def computed_shape() -> onnx.ModelProto:
    """y = x in rows of its last axis, by way of Shape, Gather and Concat, as exporters write it."""
    last, minus = (
        helper.make_tensor(name, TensorProto.INT64, dims, [n]) for name, dims, n in (("l", [], 2), ("n", [1], -1))
    )
    zero = helper.make_tensor("zero", TensorProto.INT64, [1], [0])
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s l", "width"),
        node("Unsqueeze", "width zero", "widths"),
        node("Concat", "n widths", "to", axis=0),
        node("Reshape", "x to", "rows"),
        node("MatMul", "rows w", "y"),
    ]
    return model(nodes, [last, minus, zero, weight("w")], [value("x", ["batch", "sequence", "width"])])


def test_infer__follows_a_shape_that_the_graph_computes() -> None:
    found = shapes.infer(flatten(computed_shape(), Path()), {"x": (2, 7, 4)})
    assert found.of("rows") == shapes.Shape(TensorProto.FLOAT, (14, 4))
    assert macs.total(found) == (14 * 4 * 4, "")


def test_infer__an_input_without_sizes_leaves_the_rest_unknown() -> None:
    found = shapes.infer(flatten(computed_shape(), Path()), {})
    assert found.of("rows") is None
    assert macs.total(found) == (None, "MatMul of unknown shape or kind")
    assert peak.largest(found) == (None, "the size of s and 5 more is not known")


def test_infer__a_value_that_would_fill_the_memory_is_not_made() -> None:
    size = helper.make_tensor("size", TensorProto.INT64, [1], [10**13])
    made = model([node("ConstantOfShape", "size", "y")], [size])
    found = shapes.infer(flatten(made, Path()), {})
    assert found.of("y") == shapes.Shape(TensorProto.FLOAT, (10**13,))
    assert peak.largest(found) == (4 * 10**13, "")


def conditional(operator: str) -> onnx.ModelProto:
    bodies = {
        f"{name}_branch": helper.make_graph([node(operator, "x w", "inner")], name, [], [value("inner")])
        for name in ("then", "else")
    }
    made = [node("ReduceSum", "x", "total", keepdims=0), node("Cast", "total", "flag", to=TensorProto.BOOL)]
    return model([*made, node("If", "flag", "c", **bodies), node("Relu", "c", "y")], [weight("w")])


def test_total__a_product_in_a_branch_makes_it_unknown() -> None:
    found = shapes.infer(flatten(conditional("MatMul"), Path()), {"x": (4, 4)})
    assert macs.total(found) == (None, "MatMul inside If else_branch and 1 more")


def test_total__a_branch_without_products_does_not() -> None:
    found = shapes.infer(flatten(conditional("Mul"), Path()), {"x": (4, 4)})
    assert macs.total(found) == (0, "")
    assert found.of("y") == shapes.Shape(TensorProto.FLOAT, (4, 4))


def test_largest__a_value_lives_until_its_last_reader() -> None:
    nodes = [
        node("Relu", "x", "a"),
        node("Concat", "a a a", "wide", axis=1),
        node("Relu", "wide", "b"),
        node("ReduceSum", "b", "s"),
        node("Add", "s a", "y"),
    ]
    found = shapes.infer(flatten(model(nodes), Path()), {"x": (2, 4)})
    assert peak.largest(found) == (4 * (8 + 24 + 24), "")
