"""Outputs that are one value under two names, which a pass that removes identities would make one output twice."""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from onnx import helper


@dataclass(frozen=True)
class Twin:
    """An output, its place among the outputs, and the output that has the same value."""

    value: onnx.ValueInfoProto
    place: int
    source: str


def take(graph: onnx.GraphProto) -> list[Twin]:
    """Remove every output but one of each value, and the identities that made them."""
    made = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity"}
    names = [value.name for value in graph.output]
    kept = {_root(name, made): name for name in reversed(names)} | {name: name for name in names if name not in made}
    sources = {name: kept[_root(name, made)] for name in names}
    found = [
        Twin(value, place, sources[value.name])
        for place, value in enumerate(graph.output)
        if sources[value.name] != value.name
    ]
    gone = {twin.value.name: twin.source for twin in found}
    nodes = [node for node in graph.node if node.output[0] not in gone]
    for node in nodes:
        node.input[:] = [gone.get(name, name) for name in node.input]
    outputs = [value for value in graph.output if value.name not in gone]
    _set(graph, nodes, outputs)
    return found


def give_back(graph: onnx.GraphProto, twins: list[Twin]) -> None:
    """Put them where they were, each an identity of the other."""
    outputs = list(graph.output)
    for twin in twins:
        outputs.insert(twin.place, twin.value)
    nodes = [helper.make_node("Identity", [twin.source], [twin.value.name]) for twin in twins]
    _set(graph, [*graph.node, *nodes], outputs)


def _set(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], outputs: list[onnx.ValueInfoProto]) -> None:
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    values = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in outputs]
    del graph.node[:]
    del graph.output[:]
    graph.node.extend(copies)
    graph.output.extend(values)


def _root(name: str, made: dict[str, str]) -> str:
    while name in made:
        name = made[name]
    return name
