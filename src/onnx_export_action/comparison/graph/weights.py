"""Weights that are not what they were; paired by the place where they are used, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import onnx

from onnx_export_action.comparison.flat import Flat
from onnx_export_action.comparison.graph import tensors
from onnx_export_action.comparison.graph.labels import is_weight
from onnx_export_action.comparison.graph.matching import Matching
from onnx_export_action.records import WeightChange

_LISTED = 20
_LONGEST_NAME = 200
_RANK = ("removed", "added", "shape", "type", "values")


@dataclass(frozen=True)
class Weights:
    """The changes to show, and how many there are."""

    listed: tuple[WeightChange, ...]
    total: int


def compare(matching: Matching, pairs: dict[str, str], base_folder: Path, head_folder: Path) -> Weights:
    """Every weight of both files; the greatest differences first."""
    base, head = _weights(matching.base.flat), _weights(matching.head.flat)
    compared = [_changed(head[two], two, head_folder, base[one], one, base_folder) for one, two in pairs.items()]
    changes = [change for change in compared if change is not None]
    there, here = dict(_places(matching)), {right: left for left, right in _places(matching)}
    taken = set(pairs.values())
    changes += [_alone("removed", base, name, there.get(name), head) for name in base if name not in pairs]
    changes += [_alone("added", head, name, here.get(name), base) for name in head if name not in taken]
    changes.sort(key=_order)
    return Weights(tuple(changes[:_LISTED]), len(changes))


def pairs(matching: Matching) -> dict[str, str]:
    """Base to head, one to one: by name where both are used at one place, then by place, then by name."""
    places = _places(matching)
    found = {left: right for left, right in places if left == right}
    taken = set(found)
    base, head = _weights(matching.base.flat), _weights(matching.head.flat)
    names = ((name, name) for name in base if name in head)
    for left, right in (*places, *names):
        if left not in found and right not in taken:
            found[left] = right
            taken.add(right)
    return found


def _places(matching: Matching) -> list[tuple[str, str]]:
    base, head = _weights(matching.base.flat), _weights(matching.head.flat)
    nodes = matching.base.flat.nodes, matching.head.flat.nodes
    return [
        (left, right)
        for one, other in sorted(matching.to_head.items())
        for left, right in zip(nodes[0][one].inputs, nodes[1][other].inputs, strict=False)
        if left in base and right in head
    ]


def _weights(flat: Flat) -> dict[str, onnx.TensorProto]:
    return {name: tensor for name, tensor in flat.constants.items() if is_weight(tensor)}


def _changed(
    head: onnx.TensorProto, name: str, head_folder: Path, base: onnx.TensorProto, was: str, base_folder: Path
) -> WeightChange | None:
    told = "" if was == name else f"was {_short(was, base)}"
    if list(base.dims) != list(head.dims):
        detail = _joined(f"{_shape(base)} to {_shape(head)}", told)
        return WeightChange(name=_short(name, head), kind="shape", detail=detail)
    far = tensors.distance(base, base_folder, head, head_folder)
    if base.data_type != head.data_type:
        detail = _joined(f"{tensors.type_of(base)} to {tensors.type_of(head)}", told)
        return WeightChange(name=_short(name, head), kind="type", detail=detail, max_abs_diff=far.max_abs)
    if far.differing == 0:
        return None
    total = prod(head.dims)
    odd = f"{far.not_finite:,} NaN or infinite on one side" if far.not_finite else ""
    detail = _joined(f"{far.differing:,} of {total:,} elements", odd, told)
    return WeightChange(name=_short(name, head), kind="values", detail=detail, max_abs_diff=far.max_abs)


def _alone(
    kind: Literal["added", "removed"],
    own: dict[str, onnx.TensorProto],
    name: str,
    partner: str | None,
    others: dict[str, onnx.TensorProto],
) -> WeightChange:
    """A weight of one file; where several places share one weight in the other file, its name is told."""
    where = "candidate" if kind == "removed" else "base"
    shared = f"the {where} shares {_short(partner, others[partner])} here" if partner is not None else ""
    detail = _joined(f"{tensors.type_of(own[name])}, {_shape(own[name])}", shared)
    return WeightChange(name=_short(name, own[name]), kind=kind, detail=detail)


def _order(change: WeightChange) -> tuple[int, float]:
    return _RANK.index(change.kind), -(change.max_abs_diff if change.max_abs_diff is not None else float("inf"))


def _short(name: str, tensor: onnx.TensorProto) -> str:
    return (tensor.name or name)[:_LONGEST_NAME]


def _shape(tensor: onnx.TensorProto) -> str:
    return " x ".join(map(str, tensor.dims)) or "scalar"


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
