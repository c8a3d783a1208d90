"""One graph without nesting: nodes of branches and loops beside the others, in an order that structure decides."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import onnx
from onnx import inliner

from onnx_export_action.validation import structure
from onnx_export_action.workers.protocol import Refusal

_STANDARD = ("", "ai.onnx")


@dataclass(frozen=True)
class Node:
    """A node whose inputs and outputs are named uniquely; what its branches give is among its inputs."""

    proto: onnx.NodeProto
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    branches: tuple[tuple[str, tuple[str, ...]], ...] = ()
    within: tuple[str, ...] = ()


@dataclass
class Flat:
    """A graph as lists: nodes in canonical order, constants by value name, the declared ends.

    `formals` are the inputs of loop bodies, with their positions.
    """

    opsets: dict[str, int]
    ir_version: int
    folder: Path
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    constant_nodes: list[Node] = field(default_factory=list)
    formals: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, onnx.ValueInfoProto] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()

    @property
    def all_nodes(self) -> list[Node]:
        """The nodes, and the constants that are written as nodes."""
        return [*self.nodes, *self.constant_nodes]


def read(file: Path) -> tuple[onnx.ModelProto, Flat]:
    """The model without its external data, checked to be whole, and its flat graph."""
    model = structure.read(file)
    weights = structure.check_weights(model, file.parent)
    if not weights.passed:
        raise Refusal(
            f"{file.name} is not complete: {weights.detail}.", "Put all its files into one folder, whole.", "usage"
        )
    if model.functions:
        model = inliner.inline_local_functions(model)
    return model, flatten(model, file.parent)


def flatten(model: onnx.ModelProto, folder: Path) -> Flat:
    """The flat graph, its external data in the folder; raises Refusal where nodes wait for each other."""
    flat = Flat({entry.domain: entry.version for entry in model.opset_import}, model.ir_version, folder)
    scope: ChainMap[str, str] = ChainMap()
    collected: list[Node] = []
    flat.outputs = _collect(model.graph, scope, (), flat, collected)
    flat.nodes = _ordered(collected, flat.outputs)
    return flat


def operator_of(node: onnx.NodeProto) -> str:
    """The operator with its domain, where that is not ONNX's own."""
    return str(node.op_type if node.domain in _STANDARD else f"{node.domain}.{node.op_type}")


def _collect(
    graph: onnx.GraphProto, outer: ChainMap[str, str], within: tuple[str, ...], flat: Flat, found: list[Node]
) -> tuple[str, ...]:
    prefix = f"{len(found)}/{len(flat.formals)}/{len(within)}:" if within else ""
    scope = outer.new_child()
    for tensor in graph.initializer:
        scope[tensor.name] = prefix + tensor.name
        flat.constants[prefix + tensor.name] = tensor
    for place, value in enumerate(graph.input):
        if value.name not in scope.maps[0]:
            scope[value.name] = prefix + value.name
            if within:
                flat.formals[prefix + value.name] = place
            else:
                flat.inputs[value.name] = value
    for proto in graph.node:
        scope.update({name: prefix + name for name in proto.output if name})
    for proto in graph.node:
        _add(proto, scope, within, flat, found)
    return tuple(scope.get(value.name, value.name) for value in graph.output)


def _add(
    proto: onnx.NodeProto, scope: ChainMap[str, str], within: tuple[str, ...], flat: Flat, found: list[Node]
) -> None:
    operator = operator_of(proto)
    branches = tuple(
        (name, _collect(body, scope, (*within, f"{operator} {name}"), flat, found)) for name, body in _bodies(proto)
    )
    inputs = [scope.get(name, name) for name in proto.input] + [name for _, given in branches for name in given]
    outputs = tuple(scope.get(name, "") for name in proto.output)
    node = Node(proto, operator, tuple(inputs), outputs, branches, within)
    constant = _constant(proto) if operator == "Constant" else None
    if constant is None:
        found.append(node)
    else:
        flat.constants[outputs[0]] = constant
        flat.constant_nodes.append(node)


def _bodies(proto: onnx.NodeProto) -> Iterator[tuple[str, onnx.GraphProto]]:
    for attribute in sorted(proto.attribute, key=lambda attribute: attribute.name):
        if attribute.HasField("g"):
            yield attribute.name, attribute.g
        yield from ((attribute.name, body) for body in attribute.graphs)


def _constant(proto: onnx.NodeProto) -> onnx.TensorProto | None:
    """The value of a Constant node as a tensor; None where it is sparse."""
    if len(proto.attribute) != 1 or len(proto.output) != 1:
        return None
    attribute = proto.attribute[0]
    name = proto.name or proto.output[0]
    if attribute.name == "value":
        tensor = onnx.TensorProto()
        tensor.CopyFrom(attribute.t)
        tensor.name = name
        return tensor
    kinds = {"int": onnx.TensorProto.INT64, "float": onnx.TensorProto.FLOAT, "string": onnx.TensorProto.STRING}
    kind = kinds.get(attribute.name.removeprefix("value_").removesuffix("s"))
    if kind is None:
        return None
    value = onnx.helper.get_attribute_value(attribute)
    values = list(value) if attribute.name.endswith("s") else [value]
    dims = [len(values)] if attribute.name.endswith("s") else []
    return onnx.helper.make_tensor(name, kind, dims, values)


def _ordered(nodes: list[Node], outputs: Iterable[str]) -> list[Node]:
    """Depth first from the outputs, inputs in their order: the same for every order that the nodes are written in."""
    producer = {name: index for index, node in enumerate(nodes) for name in node.outputs if name}
    if len(producer) != sum(1 for node in nodes for name in node.outputs if name):
        raise Refusal("Two nodes of the graph have an output of one name.", "Export the file again.", "usage")
    used = {name for node in nodes for name in node.inputs}
    sinks = [index for index, node in enumerate(nodes) if not used & set(node.outputs)]
    roots = [producer[name] for name in outputs if name in producer]
    state = [0] * len(nodes)  # 1: waits for its inputs, 2: placed
    order: list[Node] = []
    for root in (*roots, *sinks, *range(len(nodes))):
        _visit(root, nodes, producer, state, order)
    return order


def _visit(root: int, nodes: list[Node], producer: dict[str, int], state: list[int], order: list[Node]) -> None:
    stack = [(root, iter(nodes[root].inputs))] if state[root] == 0 else []
    state[root] = state[root] or 1
    while stack:
        index, waiting = stack[-1]
        needed = next((producer[name] for name in waiting if name in producer and state[producer[name]] != 2), None)
        if needed is None:
            state[index] = 2
            order.append(nodes[index])
            stack.pop()
        elif state[needed] == 1:
            raise Refusal("The graph's nodes wait for each other in a circle.", "Export the file again.", "usage")
        else:
            state[needed] = 1
            stack.append((needed, iter(nodes[needed].inputs)))
