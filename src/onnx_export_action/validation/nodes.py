"""Nodes and what they depend on, the graphs inside them included, as the branches of an If."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import onnx


def inside(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that a node holds itself."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def every(listed: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """These nodes and all inside them."""
    for node in listed:
        yield node
        for graph in inside(node):
            yield from every(graph.node)


def reads(node: onnx.NodeProto) -> Iterator[str]:
    """The values that a node reads, and those that its graphs read or give out."""
    yield from node.input
    for graph in inside(node):
        yield from (name for inner in graph.node for name in reads(inner))
        yield from (value.name for value in graph.output)


def needed(nodes: Sequence[onnx.NodeProto], wanted: AbstractSet[str]) -> list[onnx.NodeProto]:
    """The nodes that the wanted values come from, in their order."""
    read, found = set(wanted), []
    for node in reversed(nodes):
        if not read.isdisjoint(node.output):
            read.update(reads(node))
            found.append(node)
    return found[::-1]
