"""What a gate can name without a limit: something about the file's structure that happened or did not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onnx_export_action.records import GraphDiff, InterfaceChange


@dataclass(frozen=True)
class Event:
    """What happened to the graph, item by item; nothing found is nothing happened."""

    means: str
    found: Callable[[GraphDiff], list[str]]


def _interface(wanted: Callable[[InterfaceChange], bool]) -> Callable[[GraphDiff], list[str]]:
    return lambda graph: [_described(change) for change in graph.interface if wanted(change)]


def _described(change: InterfaceChange) -> str:
    tensors = (change.base, change.head) if change.kind == "renamed" else (change.head or change.base,)
    return f"{' to '.join(tensor.name for tensor in tensors if tensor is not None)} ({change.kind})"


def _operators(graph: GraphDiff) -> list[str]:
    return [f"{change.operator} {change.base} to {change.head}" for change in graph.operators]


def _weights(graph: GraphDiff) -> list[str]:
    named = [f"{change.name} ({change.kind})" for change in graph.weights]
    unnamed = graph.weights_changed - len(named)
    return [*named, *[""] * unnamed]


def _graph(graph: GraphDiff) -> list[str]:
    if graph.identical:
        return []
    return [f"{graph.nodes_added} nodes added, {graph.nodes_removed} removed, {graph.nodes_altered} altered"]


EVENTS: dict[str, Event] = {
    "inputs changed": Event(
        "an input came, went, or has another name, type or shape", _interface(lambda c: c.side == "input")
    ),
    "outputs changed": Event("the same of an output", _interface(lambda c: c.side == "output")),
    "axes fixed": Event("an axis that was dynamic is not any more", _interface(lambda c: c.kind == "axis fixed")),
    "operators changed": Event("an operator occurs more or less often", _operators),
    "weights changed": Event("a weight has other values, another shape or type, came or went", _weights),
    "graph changed": Event("the structure, a weight, an input or an output differs", _graph),
}
