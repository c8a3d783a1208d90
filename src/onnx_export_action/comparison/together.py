"""Several files against several, as one comparison: each name has its file's before it, as in the proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from onnx_export_action.comparison.compare import Compared
from onnx_export_action.records import GraphDiff, InterfaceChange, OperatorChange, Tensor


def merged(parts: Mapping[str, Compared]) -> Compared:
    """One comparison of all files, the main one first: its figures are the report's; a lone file's is as it is."""
    first = next(iter(parts.values()))
    if len(parts) == 1:
        return first
    graphs = {name: part.graph for name, part in parts.items()}
    answers = (
        moved.model_copy(update={"output": f"{name}: {moved.output}"})
        for name, part in parts.items()
        for moved in part.answers
    )
    return Compared(first.figures, _graph(graphs), tuple(answers))


def _graph(graphs: Mapping[str, GraphDiff]) -> GraphDiff:
    def places(of: Callable[[GraphDiff], Iterable[str]]) -> tuple[str, ...]:
        return tuple(f"{name}: {place}" for name, graph in graphs.items() for place in of(graph))

    every = graphs.values()
    return GraphDiff(
        identical=all(graph.identical for graph in every),
        operators=_operators(graph.operators for graph in every),
        fused=_operators(graph.fused for graph in every),
        nodes_added=sum(graph.nodes_added for graph in every),
        nodes_removed=sum(graph.nodes_removed for graph in every),
        nodes_altered=sum(graph.nodes_altered for graph in every),
        added=places(lambda graph: graph.added),
        removed=places(lambda graph: graph.removed),
        altered=places(lambda graph: graph.altered),
        weights=tuple(
            weight.model_copy(update={"name": f"{name}: {weight.name}"})
            for name, graph in graphs.items()
            for weight in graph.weights
        ),
        weights_changed=sum(graph.weights_changed for graph in every),
        interface=tuple(_end(name, change) for name, graph in graphs.items() for change in graph.interface),
    )


def _operators(changes: Iterable[tuple[OperatorChange, ...]]) -> tuple[OperatorChange, ...]:
    """How often each occurs in the files in which that differs."""
    base: Counter[str] = Counter()
    head: Counter[str] = Counter()
    for change in chain.from_iterable(changes):
        base[change.operator] += change.base
        head[change.operator] += change.head
    return tuple(OperatorChange(operator=name, base=base[name], head=head[name]) for name in {**base, **head})


def _end(name: str, change: InterfaceChange) -> InterfaceChange:
    def of_file(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.model_copy(update={"name": f"{name}: {tensor.name}"})

    return change.model_copy(update={"base": of_file(change.base), "head": of_file(change.head)})
