"""Which node fixes an axis to one size: the graph runs at two others, and what is as large in both is looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import prod
from typing import Any

import onnx
from numpy.typing import NDArray

from onnx_export_action.records import Fixing
from onnx_export_action.validation import places
from onnx_export_action.validation.probe import Axes, Probe, name_of
from onnx_export_action.validation.seen import Dim, Seen

Array = NDArray[Any]

# Operators whose operands' sizes have to be equal or 1, counted from the last.
_ELEMENTWISE = frozenset(
    {
        *("Add", "Sub", "Mul", "Div", "Mod", "Pow", "PRelu", "Max", "Min", "Mean", "Sum", "Where", "Expand"),
        *("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor"),
        *("BitwiseAnd", "BitwiseOr", "BitwiseXor", "LayerNormalization", "RMSNormalization"),
    }
)


def find(probe: Probe, failing: Mapping[str, Array], other: Mapping[str, Array], axes: Axes) -> Fixing | None:
    """What keeps the graph from running at the sizes of `failing`; `other` has other sizes. None where it runs."""
    node = probe.stops_at(dict(failing))
    if node is None:
        return None
    seen = Seen(probe, failing, other, axes)
    conflict = _conflict(node, seen)
    if conflict is None:
        return fixing_at(seen, node)
    label, size, operand = conflict
    if node.op_type in ("Reshape", "Expand") and operand == node.input[1]:
        return fixing_at(seen, node, label, size)
    made_by, tensor = seen.source(operand, size)
    return fixing_at(seen, made_by or node, label, size, tensor)


def fixing_at(seen: Seen, node: onnx.NodeProto, axis: str = "", size: int | None = None, tensor: str = "") -> Fixing:
    """A node as what fixes an axis."""
    part = f"{places.scope_of(node)}.".removeprefix(seen.prefix).rstrip(".")
    name = name_of(node) or node.output[0]
    return Fixing(axis=axis, size=size, node=name, operator=node.op_type, part=part, tensor=tensor)


def _conflict(node: onnx.NodeProto, seen: Seen) -> tuple[str, int, str] | None:
    """An axis, the one size that the node takes of it, and the operand that has that size."""
    operands = [name for name in node.input if name]
    seen.look(operands)
    shapes = {name: seen.dims(name) for name in operands}
    if node.op_type == "Reshape":
        return _reshaped(operands, seen)
    if node.op_type == "Expand":
        shapes[operands[1]] = seen.entries(operands[1])
    for (one, first), (other, second) in _meeting(node, operands, shapes):
        for label, size, operand in ((first, second, other), (second, first, one)):
            if isinstance(label, str) and label and isinstance(size, int) and size > 1:
                return label, size, operand
    return None


Met = tuple[str, Dim]


def _meeting(
    node: onnx.NodeProto, operands: Sequence[str], shapes: Mapping[str, list[Dim]]
) -> Iterator[tuple[Met, Met]]:
    """Pairs of sizes that have to be equal, with the operands that they belong to."""
    told = {attribute.name: attribute.i for attribute in node.attribute}
    for one, other in combinations(operands, 2):
        first, second = shapes[one], shapes[other]
        if node.op_type == "MatMul" and min(len(first), len(second)) > 1:
            yield (one, first[-1]), (other, second[-2])
            first, second = first[:-2], second[:-2]
        elif node.op_type == "Gemm":
            columns, rows = (first[not told.get("transA")], second[bool(told.get("transB"))])
            yield (one, columns), (other, rows)
            return
        elif node.op_type == "Concat":
            first, second = (_without(dims, told["axis"]) for dims in (first, second))
        elif node.op_type not in _ELEMENTWISE:
            return
        yield from (((one, a), (other, b)) for a, b in zip(first[::-1], second[::-1], strict=False))


def _without(dims: list[Dim], axis: int) -> list[Dim]:
    return [dim for place, dim in enumerate(dims) if place != axis % len(dims)]


def _reshaped(operands: Sequence[str], seen: Seen) -> tuple[str, int, str] | None:
    """Of a Reshape: the size that it writes where an axis should stand."""
    before, after = seen.dims(operands[0]), seen.entries(operands[1])
    lost = [dim for dim in before if isinstance(dim, str) and dim and dim not in after]
    fixed = _too_many(before, after)
    if not lost or not fixed:
        return None
    place, size = fixed[0]
    return _label_at(place, before, after, lost), size, operands[1]


def _too_many(before: list[Dim], after: list[Dim]) -> list[tuple[int, int]]:
    """The sizes that are written and do not come of those that never change, with their places."""
    own = prod(dim for dim in before if isinstance(dim, int))
    written = [(place, dim) for place, dim in enumerate(after) if isinstance(dim, int) and dim > 1]
    made = prod(dim for _, dim in written)
    whole = made // own if made % own == 0 else 0
    # The other sizes make up what never changes, and this one is what is left, alone or multiplied into one of them.
    left = [(place, whole or size) for place, size in written if own % (made // size) == 0]
    return left or [(place, size) for place, size in written if size not in before]


def _label_at(place: int, before: list[Dim], after: list[Dim], lost: Sequence[Dim]) -> str:
    """The axis that stood in this place, else one that is not where the rest goes."""
    if place < len(before) and before[place] in lost:
        return str(before[place])
    rest = before[after.index(-1)] if -1 in after and after.index(-1) < len(before) else ""
    return str(next((label for label in lost if label != rest), lost[0]))
