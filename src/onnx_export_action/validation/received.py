"""A file that somebody else made: what keeps it from being looked at at all, each in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import onnx

from onnx_export_action.validation import nodes, structure
from onnx_export_action.workers.protocol import Refusal

# What ONNX Runtime's own build answers for; the operators of any other domain live in a library.
_BUILT_IN = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training")
_BUILT_IN_PREFIX = "com.microsoft"
_INTEGERS = ("offset", "length")


def check(file: Path) -> None:
    """Raise a Refusal that names what is wrong, before a runtime sees the file."""
    model = structure.read(file)
    graphs = list(_graphs(model.graph))
    for problem in (*_external(graphs, file.parent), *_foreign(model, graphs), *_cycles(graphs)):
        raise Refusal(f"{file.name} cannot be used: {problem[0]}.", problem[1], "usage")


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and those inside its nodes, as the branches of an If."""
    yield graph
    for node in graph.node:
        for inner in nodes.inside(node):
            yield from _graphs(inner)


def _external(graphs: Iterable[onnx.GraphProto], folder: Path) -> Iterator[tuple[str, str]]:
    """External data that is outside the folder, missing, cut off, or whose place cannot be read."""
    for tensor in (tensor for graph in graphs for tensor in _tensors(graph)):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        places = {entry.key: entry.value for entry in tensor.external_data}
        if any(not places.get(name, "0").isdigit() for name in _INTEGERS):
            yield f"{tensor.name} has no readable place in its external data", "Save the file again."
        elif problem := structure.external_problem(tensor, folder):
            yield f"{tensor.name}: {problem}", "Put all its files into one folder, whole."


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        yield from (attribute.t for attribute in node.attribute if attribute.HasField("t"))


def _foreign(model: onnx.ModelProto, graphs: Iterable[onnx.GraphProto]) -> Iterator[tuple[str, str]]:
    """Operators of a domain that nothing here has a library for; functions in the file itself are none."""
    own = {function.domain for function in model.functions}
    for node in (node for graph in graphs for node in graph.node):
        built_in = node.domain in _BUILT_IN or node.domain.startswith(_BUILT_IN_PREFIX)
        if not built_in and node.domain not in own:
            yield (
                f"it needs the custom operator {node.op_type} of {node.domain}, whose library is not here",
                "Such libraries are native code, and none is loaded: export the model with standard operators.",
            )


def _cycles(graphs: Iterable[onnx.GraphProto]) -> Iterator[tuple[str, str]]:
    """A node that waits for its own output."""
    for graph in graphs:
        maker = {name: place for place, node in enumerate(graph.node) for name in node.output if name}
        needs = {place: {maker[name] for name in node.input if name in maker} for place, node in enumerate(graph.node)}
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            node = graph.node[error.args[1][0]]
            name = node.name or node.op_type
            yield f"its graph has a cycle, in which {name} waits for its own answer", "Export the model again."
