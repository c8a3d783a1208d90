"""Where a graph that runs at every size holds the size of its export: what it cuts off, and what it counts with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from onnx_export_action.records import Fixing
from onnx_export_action.validation.fixing import fixing_at
from onnx_export_action.validation.seen import Seen

Array = NDArray[Any]

_CUTTING = frozenset(("Slice", "Gather", "Resize", "Split", "Expand", "Tile", "AveragePool", "MaxPool", "TopK"))
_COUNTING = frozenset(("Div", "Mul"))
_AT_ONCE = 32
# Smaller numbers stand in a graph for many things.
_LEAST = 4


def find(seen: Seen, samples: Mapping[str, int]) -> Fixing | None:
    """The first node that gives an axis the size of the export, or divides by it, whatever comes in."""
    suspects = [node for node in seen.nodes if node.op_type in _CUTTING | _COUNTING]
    for start in range(0, len(suspects), _AT_ONCE):
        some = suspects[start : start + _AT_ONCE]
        seen.look(name for node in some for name in (node.input[0], node.output[0]))
        for node in some:
            found = _cut(node, seen, samples) if node.op_type in _CUTTING else _counted(node, seen, samples)
            if found:
                return fixing_at(seen, node, *found)
    return None


def _cut(node: onnx.NodeProto, seen: Seen, samples: Mapping[str, int]) -> tuple[str, int] | None:
    before, after = seen.dims(node.input[0]), seen.dims(node.output[0])
    pairs = zip(before, after, strict=False) if len(before) == len(after) else ()
    return next(
        ((label, size) for label, size in pairs if isinstance(label, str) and size == samples.get(label, 0) > 1), None
    )


def _counted(node: onnx.NodeProto, seen: Seen, samples: Mapping[str, int]) -> tuple[str, int] | None:
    for number in _numbers(node, seen):
        for label, size in samples.items():
            if size >= _LEAST and (number == size or abs(number * size - 1) < 1e-6):
                return label, size
    return None


def _numbers(node: onnx.NodeProto, seen: Seen) -> Iterator[float]:
    """Single numbers that the node holds as constants."""
    for name in node.input:
        value = seen.constant(name)
        if value is not None and value.size == 1 and np.issubdtype(value.dtype, np.floating):
            yield float(value.reshape(()))
