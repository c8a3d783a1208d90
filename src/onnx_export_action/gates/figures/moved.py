"""Figures that exist only against a base."""

from __future__ import annotations

from onnx_export_action.gates.dimensions import COUNT, NUMBER, PERCENT, Dimension
from onnx_export_action.gates.figures.figure import Figure, Reader, greatest, least


def _against_base(dimension: Dimension, means: str, read: Reader) -> Figure:
    return Figure(dimension, means, read, relative=False, against_base=True)


def _nodes(attribute: str) -> Reader:
    return lambda _, comparison: getattr(comparison.graph, attribute) if comparison.graph is not None else None


MOVED = {
    "output-agreement": _against_base(
        PERCENT,
        "answers (label, token) that are the base's",
        lambda _, comparison: least(movement.agreement_pct for movement in comparison.answers),
    ),
    "output-top5": _against_base(
        PERCENT,
        "the base's answers among the first five",
        lambda _, comparison: least(movement.top5_pct for movement in comparison.answers),
    ),
    "output-diff": _against_base(
        NUMBER,
        "greatest difference from the base's outputs",
        lambda _, comparison: greatest(movement.max_abs_diff for movement in comparison.answers),
    ),
    "nodes-added": _against_base(COUNT, "nodes that the base has not", _nodes("nodes_added")),
    "nodes-removed": _against_base(COUNT, "nodes that only the base has", _nodes("nodes_removed")),
    "weights-changed": _against_base(COUNT, "weights that differ from the base's", _nodes("weights_changed")),
}
