"""Where a node stands, and what is other about it, in words for people."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import onnx

from onnx_export_action.comparison.flat import Flat, Node
from onnx_export_action.comparison.graph.labels import attributes, is_weight, setting
from onnx_export_action.comparison.graph.matching import Matching, Side

_LONGEST = 120


@dataclass(frozen=True)
class Renamed:
    """The base's inputs, outputs and weights by their names in the candidate."""

    inputs: dict[str, str]
    outputs: dict[str, str]
    weights: dict[str, str]


def added(matching: Matching) -> list[str]:
    """Each node that only the candidate has."""
    return [place(matching.head, index) for index in matching.only_in_head]


def removed(matching: Matching) -> list[str]:
    """Each node that only the base has."""
    return [place(matching.base, index) for index in matching.only_in_base]


def altered(matching: Matching, renamed: Renamed) -> list[str]:
    """Each node that is in both, with other attributes or inputs; and each output that another node gives."""
    found = []
    for one, other in sorted(matching.to_head.items()):
        told = [*_attributes(matching, one, other), *_inputs(matching, renamed, one, other)]
        if told:
            found.append(f"{named(matching.head.flat, other)}: {', '.join(told)}"[: 2 * _LONGEST])
    return found + _outputs(matching, renamed)


def place(side: Side, index: int) -> str:
    """`Erf after encoder/layer.0/Add`: the node by what stands before it."""
    flat, node = side.flat, side.flat.nodes[index]
    inside = f" in {node.within[-1]}" if node.within else ""
    before = next((named(flat, side.producer[name]) for name in node.inputs if name in side.producer), "")
    given = next((name for name in node.inputs if name in flat.inputs), "")
    after = f" after {before}" if before else f" after input {given}" if given else ""
    return f"{node.operator}{inside}{after}"[:_LONGEST]


def named(flat: Flat, index: int) -> str:
    """The operator with the exporter's path, or with the weight that it uses."""
    node = flat.nodes[index]
    path = node.proto.name.strip("/")
    if path:
        return (path if _tells_operator(path, node) else f"{node.operator} {path}")[:_LONGEST]
    weight = next((name for name in node.inputs if name in flat.constants and is_weight(flat.constants[name])), "")
    return f"{node.operator} with {weight}"[:_LONGEST] if weight else node.operator


def _tells_operator(path: str, node: Node) -> bool:
    return str(node.proto.op_type).lower() in path.rsplit("/", 1)[-1].lower()


def _attributes(matching: Matching, one: int, other: int) -> list[str]:
    base, head = matching.base.flat.nodes[one], matching.head.flat.nodes[other]
    was = dict(attributes(base.proto, matching.base.flat.opsets))
    now = dict(attributes(head.proto, matching.head.flat.opsets))
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    return [f"{name} {_value(base, name)} to {_value(head, name)}" for name in changed]


def _value(node: Node, name: str) -> str:
    attribute: Any = next((each for each in node.proto.attribute if each.name == name), None)
    if attribute is None:
        return "default"
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= 40 and "\n" not in text else "a long value"


def _inputs(matching: Matching, renamed: Renamed, one: int, other: int) -> list[str]:
    base, head = matching.base.flat.nodes[one].inputs, matching.head.flat.nodes[other].inputs
    return [
        f"input {place} is {_source(matching.head, right)} instead of {_source(matching.base, left)}"
        for place, (left, right) in enumerate(zip_longest(base, head, fillvalue=""))
        if not _one_source(matching, renamed, left, right)
    ]


def _outputs(matching: Matching, renamed: Renamed) -> list[str]:
    return [
        f"output {name} is {_source(matching.head, now)} instead of {_source(matching.base, name)}"
        for name, now in renamed.outputs.items()
        if not _one_source(matching, renamed, name, now)
    ]


def _one_source(matching: Matching, renamed: Renamed, left: str, right: str) -> bool:
    """Whether two values come from one place; what an added or removed part explains is not told again."""
    one, other = matching.base.producer.get(left), matching.head.producer.get(right)
    if one is None and other is None:
        return _one_leaf(matching, renamed, left, right)
    if one is not None and one not in matching.to_head:
        return True
    if other is not None and other not in matching.to_base:
        return True
    if one is None or other is None or matching.to_head[one] != other:
        return False
    outputs = matching.base.flat.nodes[one].outputs, matching.head.flat.nodes[other].outputs
    return outputs[0].index(left) == outputs[1].index(right)


def _one_leaf(matching: Matching, renamed: Renamed, left: str, right: str) -> bool:
    kinds = _kind(matching.base.flat, left), _kind(matching.head.flat, right)
    if kinds[0] != kinds[1]:
        return False
    if kinds[0] == "formal":
        return matching.base.flat.formals[left] == matching.head.flat.formals[right]
    if kinds[0] == "constant" and not _are_weights(matching, left, right):
        return setting(matching.base.flat.constants[left]) == setting(matching.head.flat.constants[right])
    names = {"input": renamed.inputs, "constant": renamed.weights}.get(kinds[0], {})
    return names.get(left, right) == right or right not in names.values()


def _are_weights(matching: Matching, left: str, right: str) -> bool:
    return is_weight(matching.base.flat.constants[left]) or is_weight(matching.head.flat.constants[right])


def _kind(flat: Flat, name: str) -> str:
    kinds: dict[str, Container[str]] = {"input": flat.inputs, "constant": flat.constants, "formal": flat.formals}
    return next((kind for kind, values in kinds.items() if name in values), "unknown" if name else "")


def _source(side: Side, name: str) -> str:
    if name in side.producer:
        return named(side.flat, side.producer[name])
    if name in side.flat.constants:
        tensor = side.flat.constants[name]
        return f"weight {tensor.name or name}" if is_weight(tensor) else str(setting(tensor)[-1])
    kind = _kind(side.flat, name)
    return f"input {name}" if kind == "input" else kind or "nothing"
