"""The most that intermediate values hold at once.

Nodes run in canonical order; a value lives from the node that makes it to the last that reads it, an output of the
file to the end. Inputs, weights and constants are not counted, and nothing is shared: a runtime may need less.
"""

from __future__ import annotations

import math

from onnx import TensorProto, helper

from onnx_export_action.comparison.counted.shapes import Shape, Shapes
from onnx_export_action.comparison.flat import Flat


def largest(shapes: Shapes) -> tuple[int | None, str]:
    """The peak in bytes; None with the reason where the size of a value is not known."""
    flat = shapes.flat
    if any(node.operator in ("Loop", "Scan", "SequenceMap") for node in flat.nodes):
        return None, "the graph has a loop"
    made = [name for node in flat.nodes for name in node.outputs if name]
    sizes = {name: size for name in made if (size := _bytes(shapes.of(name))) is not None}
    unknown = [name for name in made if name not in sizes]
    if unknown:
        more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
        return None, f"the size of {unknown[0][:100]}{more} is not known"
    return _walk(flat, sizes), ""


def _walk(flat: Flat, sizes: dict[str, int]) -> int:
    last = {name: place for place, node in enumerate(flat.nodes) for name in node.inputs}
    last.update(dict.fromkeys(flat.outputs, len(flat.nodes)))
    alive = most = 0
    for place, node in enumerate(flat.nodes):
        alive += sum(sizes[name] for name in node.outputs if name)
        most = max(most, alive)
        ended = {name for name in (*node.inputs, *node.outputs) if last.get(name, place) == place}
        alive -= sum(sizes.get(name, 0) for name in ended)
    return most


def _bytes(shape: Shape | None) -> int | None:
    if shape is None or shape.kind in (TensorProto.STRING, TensorProto.UNDEFINED):
        return None
    return math.ceil(shape.elements * helper.tensor_dtype_to_np_dtype(shape.kind).itemsize)
