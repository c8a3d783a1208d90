"""What a node is, apart from its name: numbers that are equal exactly where two nodes compute, or serve, the same."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from math import prod
from typing import Literal

import onnx
from onnx import defs, numpy_helper

from onnx_export_action.comparison.flat import Flat, Node
from onnx_export_action.comparison.graph import tensors

Level = Literal["values", "names", "strict", "loose"]

_SMALL = 8
_WHOLE = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.BOOL, onnx.TensorProto.STRING)


class Numbering:
    """A number for each distinct key, shared by the two graphs: no hash can collide."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, key: Hashable) -> int:
        """The key's number."""
        return self._numbers.setdefault(key, len(self._numbers))


class Labels:
    """Labels of one graph's nodes and values, at a level.

    `values` and `names` tell weights apart by what they hold, or are called; `strict` ones by type and shape alone.
    `loose` labels know the operator and where it uses weights.
    """

    def __init__(self, flat: Flat, level: Level, numbering: Numbering) -> None:
        self._flat, self._level, self._number = flat, level, numbering.of
        self._leaves: dict[str, Hashable] = {}
        self.nodes = [self._number(self._node(node)) for node in flat.nodes]

    def ancestors(self) -> list[int]:
        """For each node a number for the whole computation that leads to it."""
        known: dict[str, Hashable] = {}
        numbers = []
        for label, node in zip(self.nodes, self._flat.nodes, strict=True):
            sources = tuple(known[name] if name in known else self.leaf(name) for name in node.inputs)
            numbers.append(self._number(("from", label, sources)))
            known.update((name, (numbers[-1], place)) for place, name in enumerate(node.outputs) if name)
        return numbers

    def descendants(self) -> list[int]:
        """For each node a number for all that is made of its outputs."""
        uses: dict[str, list[tuple[int, int]]] = {}
        for place, name in enumerate(self._flat.outputs):
            uses.setdefault(name, []).append((self._number(("end", self._end(place))), 0))
        numbers = []
        for label, node in zip(reversed(self.nodes), reversed(self._flat.nodes), strict=True):
            served = tuple(tuple(sorted(uses.get(name, ()))) for name in node.outputs)
            numbers.append(self._number(("to", label, served)))
            for place, name in enumerate(node.inputs):
                uses.setdefault(name, []).append((numbers[-1], place))
        return numbers[::-1]

    def leaf(self, name: str) -> Hashable:
        """What a value is that no node makes: an input of the file, a constant, an input of a loop's body, nothing."""
        if name not in self._leaves:
            self._leaves[name] = self._leaf(name)
        return self._leaves[name]

    def _leaf(self, name: str) -> Hashable:
        if name in self._flat.constants:
            return ("constant", *self._constant(name, self._flat.constants[name]))
        if name in self._flat.inputs:
            return ("input",) if self._level == "loose" else ("input", name)
        return ("formal", self._flat.formals[name]) if name in self._flat.formals else ("absent", not name)

    def _node(self, node: Node) -> Hashable:
        if self._level == "loose":
            return node.operator, tuple(place for place, name in enumerate(node.inputs) if self._is_weight(name))
        leaves = tuple(self.leaf(name) if self._is_leaf(name) else None for name in node.inputs)
        return node.operator, attributes(node.proto, self._flat.opsets), leaves, len(node.outputs)

    def _is_weight(self, name: str) -> bool:
        return name in self._flat.constants and is_weight(self._flat.constants[name])

    def _is_leaf(self, name: str) -> bool:
        return name in self._flat.constants or name in self._flat.inputs or not name

    def _constant(self, name: str, tensor: onnx.TensorProto) -> tuple[Hashable, ...]:
        if self._level == "loose":
            return ()
        if self._level == "values" and is_weight(tensor):
            return (*setting(tensor), tensors.sample(tensor, self._flat.folder))
        return (*setting(tensor), name) if self._level == "names" and is_weight(tensor) else setting(tensor)

    def _end(self, place: int) -> Hashable:
        return None if self._level == "loose" else self._flat.outputs[place]


def is_weight(tensor: onnx.TensorProto) -> bool:
    """Whether a constant is something learned, and not a setting of the graph: axes, a shape, an epsilon."""
    count = prod(tensor.dims)
    if tensor.data_location == onnx.TensorProto.EXTERNAL or count > _SMALL:
        return True
    return count > 1 and tensor.data_type not in _WHOLE


def setting(tensor: onnx.TensorProto) -> tuple[Hashable, ...]:
    """Type, shape, and of a setting the value too, as text, so that NaN equals itself."""
    value = None if is_weight(tensor) else str(numpy_helper.to_array(tensor).tolist())
    return tensor.data_type, tuple(tensor.dims), value


def attributes(proto: onnx.NodeProto, opsets: dict[str, int]) -> tuple[tuple[str, bytes | str], ...]:
    """The attributes that say something: sorted, without bodies, which are nodes, and without spelled-out defaults."""
    version = opsets.get(proto.domain, opsets.get("ai.onnx", 1) if not proto.domain else 1)
    usual = _defaults(proto.op_type, version, proto.domain)
    told = []
    for attribute in proto.attribute:
        if attribute.HasField("g") or len(attribute.graphs):
            continue
        bare = onnx.AttributeProto()
        bare.CopyFrom(attribute)
        bare.ClearField("doc_string")
        written = bare.SerializeToString(deterministic=True)
        if usual.get(attribute.name) != written:
            told.append((attribute.name, written))
    return tuple(sorted(told))


@cache
def _defaults(operator: str, version: int, domain: str) -> dict[str, bytes]:
    try:
        schema = defs.get_schema(operator, version, domain)
    except defs.SchemaError:
        return {}
    return {
        name: attribute.default_value.SerializeToString(deterministic=True)
        for name, attribute in schema.attributes.items()
        if attribute.default_value.name
    }
