"""Take out of a graph what does no work: identities, nodes that repeat another, nodes whose values nobody reads."""

from __future__ import annotations

import onnx

from onnx_export_action.validation import nodes

_BY_CHANCE = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
_LARGE_BYTES = 4096


def simplify(graph: onnx.GraphProto) -> None:
    """In place; a graph's own inputs and outputs keep their names."""
    given = {value.name for value in graph.output}
    renamed: dict[str, str] = {}
    first: dict[bytes, onnx.NodeProto] = {}
    kept: list[onnx.NodeProto] = []
    # A branch may give out a value from around it by an identity alone, which then has to stay.
    identities = not has_branches(graph)
    for node in graph.node:
        _rename(node, renamed)
        if identities and node.op_type == "Identity" and node.output[0] not in given:
            renamed[node.output[0]] = node.input[0]
        elif given.isdisjoint(node.output) and (twin := first.setdefault(_work(node), node)) is not node:
            renamed.update(zip(node.output, twin.output, strict=True))
        else:
            kept.append(node)
    _set(graph, nodes.needed(kept, given))


def has_branches(graph: onnx.GraphProto) -> bool:
    """Whether a node holds a graph of its own, which may read any value around it."""
    return any(True for node in graph.node for _ in nodes.inside(node))


def _work(node: onnx.NodeProto) -> bytes:
    """What a node does with which values; the same of two nodes only where one can stand for both."""
    if node.op_type in _BY_CHANCE or node.ByteSize() > _LARGE_BYTES or any(True for _ in nodes.inside(node)):
        return repr(node.output).encode()  # no other node's
    work = onnx.NodeProto(op_type=node.op_type, domain=node.domain, input=node.input)
    work.output.extend(bool(name) * "given" for name in node.output)
    work.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
    return bytes(work.SerializeToString(deterministic=True))


def _rename(node: onnx.NodeProto, renamed: dict[str, str]) -> None:
    for index, name in enumerate(node.input):
        node.input[index] = renamed.get(name, name)
    for graph in nodes.inside(node):
        for inner in graph.node:
            _rename(inner, renamed)


def _set(graph: onnx.GraphProto, kept: list[onnx.NodeProto]) -> None:
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(copies)
