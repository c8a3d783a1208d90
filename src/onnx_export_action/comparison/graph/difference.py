"""What changed from one graph to another, matched by structure; reads the files, runs nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import onnx

from onnx_export_action.comparison.flat import Flat, read
from onnx_export_action.comparison.graph import interface, places, weights
from onnx_export_action.comparison.graph.matching import Matching
from onnx_export_action.comparison.graph.places import Renamed
from onnx_export_action.records import GraphDiff, OperatorChange
from onnx_export_action.validation import structure

_LISTED = 10
_OPERATORS = 50


@dataclass(frozen=True)
class Difference:
    """The diff, and what the base's inputs and outputs are called in the candidate."""

    graph: GraphDiff
    renamed: Renamed


def difference(base: Path, head: Path) -> Difference:
    """The diff of two files; raises Refusal where one of them is not whole."""
    (base_model, base_flat), (head_model, head_flat) = read(base), read(head)
    matching = Matching(base_flat, head_flat)
    renamed = Renamed(*interface.names(matching), weights.pairs(matching))
    changed = weights.compare(matching, renamed.weights, base.parent, head.parent)
    operators = operator_changes(_operators(base_flat), _operators(head_flat))
    seen = interface.compare(_ends(base_model), _ends(head_model), renamed.inputs, renamed.outputs)
    added, removed = places.added(matching), places.removed(matching)
    altered = places.altered(matching, renamed)
    graph = GraphDiff(
        identical=not (operators or added or removed or altered or changed.total or seen),
        operators=operators,
        nodes_added=len(added),
        nodes_removed=len(removed),
        nodes_altered=len(altered),
        added=tuple(added[:_LISTED]),
        removed=tuple(removed[:_LISTED]),
        altered=tuple(altered[:_LISTED]),
        weights=changed.listed,
        weights_changed=changed.total,
        interface=seen,
    )
    return Difference(graph, renamed)


def operator_changes(base: Counter[str], head: Counter[str]) -> tuple[OperatorChange, ...]:
    """The operators whose number differs, the greatest difference first."""
    differing = [name for name in base.keys() | head.keys() if base[name] != head[name]]
    differing.sort(key=lambda name: (-abs(head[name] - base[name]), name))
    return tuple(OperatorChange(operator=name, base=base[name], head=head[name]) for name in differing[:_OPERATORS])


def _operators(flat: Flat) -> Counter[str]:
    return Counter(node.operator for node in flat.all_nodes)


def _ends(model: onnx.ModelProto) -> tuple[interface.Tensors, interface.Tensors]:
    graph = structure.graph(model)
    return graph.inputs, graph.outputs
