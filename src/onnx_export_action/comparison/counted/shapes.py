"""Type and shape of every value at given input sizes: ONNX's own inference node by node, and what is known computed.

Shapes that a graph computes (Shape, Gather, Concat, Reshape ...) are followed by running those nodes on their small
values in ONNX's reference implementation. Weights are never read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import defs, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from onnx_export_action.comparison.counted import contrib
from onnx_export_action.comparison.flat import Flat, Node

_FOLLOWED = 4096
_NOT_REPEATABLE = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli")


@dataclass(frozen=True)
class Shape:
    """Element type and sizes of one value."""

    kind: int
    sizes: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many."""
        return prod(self.sizes)


@dataclass
class Shapes:
    """What is known of a graph's values; a name that is not in `known` could not be inferred."""

    flat: Flat
    known: dict[str, Shape] = field(default_factory=dict)
    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    _evaluators: dict[tuple[Any, ...], ReferenceEvaluator] = field(default_factory=dict)

    def of(self, name: str) -> Shape | None:
        """The value's type and shape; None where unknown."""
        return self.known.get(name)

    def set(self, name: str, shape: Shape, value: NDArray[Any] | None = None) -> None:
        """Note a value's shape, and the value itself when it is small."""
        self.known[name] = shape
        if value is not None and value.size <= _FOLLOWED:
            self.values[name] = value

    def compute(self, node: Node) -> list[NDArray[Any]] | None:
        """The node's outputs, where its inputs are known and its outputs small; None where it cannot be run."""
        given = [name for name in node.inputs if name]
        small = all(shape is None or shape.elements <= _FOLLOWED for shape in map(self.of, node.outputs))
        if not small or node.branches or node.operator in _NOT_REPEATABLE or any(x not in self.values for x in given):
            return None
        try:
            evaluator = self._evaluator(node)
            feed = {f"i{place}": self.values[name] for place, name in enumerate(node.inputs) if name}
            return [np.asarray(value) for value in evaluator.run(None, feed)]
        except Exception:  # the reference implementation has gaps of many types; then the shape alone is known
            return None

    def _evaluator(self, node: Node) -> ReferenceEvaluator:
        """One for all nodes that differ in names alone: building one takes longer than running it."""
        alike = onnx.NodeProto(op_type=node.proto.op_type, domain=node.proto.domain, attribute=node.proto.attribute)
        alike.input.extend(f"i{place}" if name else "" for place, name in enumerate(node.inputs))
        alike.output.extend(f"o{place}" for place in range(len(node.outputs)))
        key = alike.SerializeToString(deterministic=True)
        if key not in self._evaluators:
            self._evaluators[key] = ReferenceEvaluator(alike, opsets=self.flat.opsets)
        return self._evaluators[key]


def infer(flat: Flat, inputs: Mapping[str, Sequence[int]]) -> Shapes:
    """Walk the graph once; inputs without sizes stay unknown, and so does all that depends on them alone."""
    shapes = Shapes(flat)
    for name, tensor in flat.constants.items():
        inline = tensor.data_location != onnx.TensorProto.EXTERNAL and prod(tensor.dims) <= _FOLLOWED
        shapes.set(name, Shape(tensor.data_type, tuple(tensor.dims)), numpy_helper.to_array(tensor) if inline else None)
    for name, value in flat.inputs.items():
        declared = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if name in inputs or all(declared):
            shapes.set(name, Shape(value.type.tensor_type.elem_type, tuple(inputs.get(name, declared))))
    opsets = [helper.make_opsetid(domain, version) for domain, version in flat.opsets.items()]
    for node in flat.nodes:
        _follow(node, shapes, opsets)
    return shapes


def _follow(node: Node, shapes: Shapes, opsets: list[onnx.OperatorSetIdProto]) -> None:
    for name, shape in _inferred(node, shapes, opsets).items():
        shapes.set(name, shape)
    values = _sizes_of(node, shapes) or shapes.compute(node) or []
    for name, value in zip(node.outputs, values, strict=False):
        shapes.set(name, Shape(helper.np_dtype_to_tensor_dtype(value.dtype), value.shape), value)


def _inferred(node: Node, shapes: Shapes, opsets: list[onnx.OperatorSetIdProto]) -> dict[str, Shape]:
    if node.branches:
        return _of_branches(node, shapes)
    sources = [shapes.of(name) for name in node.inputs]
    own = contrib.shapes(node, [(each.kind, each.sizes) if each else None for each in sources])
    if own is not None:
        return {name: Shape(*shape) for name, shape in zip(node.outputs, own, strict=False) if name}
    return _standard(node, shapes, opsets)


def _of_branches(node: Node, shapes: Shapes) -> dict[str, Shape]:
    """An If whose branches agree; how often a loop's body runs is not known."""
    if node.operator != "If" or len(node.branches) != 2:
        return {}
    found = {}
    for name, one, other in zip(node.outputs, node.branches[0][1], node.branches[1][1], strict=False):
        shape = shapes.of(one)
        if shape is not None and shape == shapes.of(other):
            found[name] = shape
    return found


def _standard(node: Node, shapes: Shapes, opsets: list[onnx.OperatorSetIdProto]) -> dict[str, Shape]:
    types, data = {}, {}
    for own, name in zip(node.proto.input, node.inputs, strict=True):
        shape = shapes.of(name)
        if shape is not None:
            types[own] = helper.make_tensor_type_proto(shape.kind, shape.sizes)
        if name in shapes.values:
            data[own] = numpy_helper.from_array(shapes.values[name], own)
    proto = contrib.plain(node.proto)
    try:
        version = shapes.flat.opsets.get(proto.domain, shapes.flat.opsets.get("ai.onnx", 1))
        schema = defs.get_schema(proto.op_type, version, proto.domain)
        inferred = shape_inference.infer_node_outputs(
            schema, proto, types, data, opset_imports=opsets, ir_version=shapes.flat.ir_version
        )
    except Exception:  # an operator that ONNX does not know, or inputs of unknown type: its outputs stay unknown
        return {}
    own_names = dict(zip(node.proto.output, node.outputs, strict=True))
    static = {own_names[own]: _static(kind.tensor_type) for own, kind in inferred.items() if own in own_names}
    return {name: shape for name, shape in static.items() if shape is not None}


def _static(kind: onnx.TypeProto.Tensor) -> Shape | None:
    if not kind.HasField("shape") or not all(dim.HasField("dim_value") for dim in kind.shape.dim):
        return None
    return Shape(kind.elem_type, tuple(dim.dim_value for dim in kind.shape.dim))


def _sizes_of(node: Node, shapes: Shapes) -> list[NDArray[Any]] | None:
    """Shape and Size need only the shape of their input, however large that is."""
    source = shapes.of(node.inputs[0]) if node.operator in ("Shape", "Size") and node.inputs else None
    if source is None:
        return None
    if node.operator == "Size":
        return [np.array(source.elements, dtype=np.int64)]
    ends = {attribute.name: attribute.i for attribute in node.proto.attribute}
    return [np.array(source.sizes[ends.get("start", 0) : ends.get("end")], dtype=np.int64)]
