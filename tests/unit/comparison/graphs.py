"""Small graphs for the comparison's tests, and edits that change the names or the order alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.comparison.graph.difference import difference
from onnx_export_action.records import GraphDiff

SIDE = 4


def weight(name: str, seed: int = 0, shape: Sequence[int] = (SIDE, SIDE), dtype: str = "float32") -> onnx.TensorProto:
    """A drawn weight."""
    values = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return numpy_helper.from_array(values, name)


def value(
    name: str, shape: Sequence[int | str] = ("batch", SIDE), kind: int = TensorProto.FLOAT
) -> onnx.ValueInfoProto:
    """A declared input or output."""
    return helper.make_tensor_value_info(name, kind, list(shape))


def node(operator: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """A node, its value names separated by spaces."""
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: Sequence[onnx.TensorProto] = (),
    inputs: Sequence[onnx.ValueInfoProto] = (),
    outputs: Sequence[onnx.ValueInfoProto] = (),
    opset: int = 18,
) -> onnx.ModelProto:
    """From x to y, where nothing else is said."""
    graph = helper.make_graph(
        list(nodes), "graph", list(inputs or [value("x")]), list(outputs or [value("y")]), list(weights)
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def perceptron(layers: int = 3) -> onnx.ModelProto:
    """MatMul, Add, Relu, again and again."""
    nodes, weights, last = [], [], "x"
    for layer in range(layers):
        nodes += [
            node("MatMul", f"{last} w{layer}", f"m{layer}", name=f"/layer.{layer}/MatMul"),
            node("Add", f"m{layer} b{layer}", f"a{layer}", name=f"/layer.{layer}/Add"),
            node("Relu", f"a{layer}", "y" if layer == layers - 1 else f"r{layer}", name=f"/layer.{layer}/Relu"),
        ]
        weights += [weight(f"w{layer}", layer), weight(f"b{layer}", 100 + layer, (SIDE,))]
        last = f"r{layer}"
    return model(nodes, weights)


def renamed(original: onnx.ModelProto) -> onnx.ModelProto:
    """The same with other names for everything that callers do not see."""
    copy = onnx.ModelProto()
    copy.CopyFrom(original)
    ends = {end.name for end in (*copy.graph.input, *copy.graph.output)}
    names = {name: f"v{place}" for place, name in enumerate(sorted(_names(copy) - ends))}
    for each in copy.graph.node:
        each.name = f"n{random.Random(each.name).randrange(10**9)}"
        each.input[:] = [names.get(name, name) for name in each.input]
        each.output[:] = [names.get(name, name) for name in each.output]
    for tensor in copy.graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    return copy


def shuffled(original: onnx.ModelProto, order: random.Random) -> onnx.ModelProto:
    """The same with its nodes in another order that runs, and its initializers in any order."""
    copy = onnx.ModelProto()
    copy.CopyFrom(original)
    made = {name for each in copy.graph.node for name in each.output}
    waiting, placed = list(copy.graph.node), []
    while waiting:
        ready = [each for each in waiting if not made & set(each.input)]
        chosen = order.choice(ready)
        waiting.remove(chosen)
        made -= set(chosen.output)
        placed.append(chosen)
    weights = list(copy.graph.initializer)
    order.shuffle(weights)
    del copy.graph.node[:], copy.graph.initializer[:]
    copy.graph.node.extend(placed)
    copy.graph.initializer.extend(weights)
    return copy


def diff(base: onnx.ModelProto, head: onnx.ModelProto, folder: Path) -> GraphDiff:
    """The diff of two models by way of files."""
    onnx.save(base, folder / "base.onnx")
    onnx.save(head, folder / "head.onnx")
    return difference(folder / "base.onnx", folder / "head.onnx").graph


def _names(of: onnx.ModelProto) -> set[str]:
    values = {name for each in of.graph.node for name in (*each.input, *each.output) if name}
    return values | {tensor.name for tensor in of.graph.initializer}
