"""What callers see: inputs and outputs that came, went, or are not what they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from onnx_export_action.comparison.graph.matching import Matching
from onnx_export_action.records import InterfaceChange, Tensor

Side = Literal["input", "output"]
Tensors = tuple[Tensor, ...]
Names = dict[str, str]


def compare(
    base: tuple[Tensors, Tensors], head: tuple[Tensors, Tensors], inputs: Names, outputs: Names
) -> tuple[InterfaceChange, ...]:
    """Inputs, then outputs; `inputs` and `outputs` say what the base's names are called in the candidate."""
    varied = {axis for tensor in base[0] for axis in tensor.shape if isinstance(axis, str)}
    return (
        *_side("input", base[0], head[0], inputs, varied),
        *_side("output", base[1], head[1], outputs, varied),
    )


def names(matching: Matching) -> tuple[Names, Names]:
    """The base's inputs and outputs in the candidate's names: the same name, or else the same place in the graph."""
    base, head = matching.base.flat, matching.head.flat
    inputs: list[tuple[str, str]] = []
    for one, other in sorted(matching.to_head.items()):
        inputs += zip(base.nodes[one].inputs, head.nodes[other].inputs, strict=False)
    return (
        _renamed(list(base.inputs), list(head.inputs), inputs),
        _renamed(list(base.outputs), list(head.outputs), list(_made_alike(matching))),
    )


def _made_alike(matching: Matching) -> Iterator[tuple[str, str]]:
    for one, other in sorted(matching.to_head.items()):
        yield from zip(matching.base.flat.nodes[one].outputs, matching.head.flat.nodes[other].outputs, strict=False)


def _renamed(base: list[str], head: list[str], alike: list[tuple[str, str]]) -> Names:
    found = {name: name for name in base if name in set(head)}
    taken = set(found.values())
    wanted = set(base), set(head)
    for left, right in alike:
        if left in wanted[0] and right in wanted[1] and left not in found and right not in taken:
            found[left] = right
            taken.add(right)
    return found


def _side(side: Side, base: Tensors, head: Tensors, renamed: Names, varied: set[str]) -> Iterator[InterfaceChange]:
    now = {tensor.name: tensor for tensor in head}
    for was in base:
        if was.name in renamed:
            yield from _changes(side, was, now[renamed[was.name]], varied)
        else:
            yield InterfaceChange(side=side, kind="removed", base=was, breaking=True)
    new = (tensor for tensor in head if tensor.name not in set(renamed.values()))
    yield from (InterfaceChange(side=side, kind="added", head=tensor, breaking=side == "input") for tensor in new)
    if side == "output":
        yield from _moved(base, head, renamed)


def _changes(side: Side, base: Tensor, head: Tensor, varied: set[str]) -> Iterator[InterfaceChange]:
    if base.name != head.name:
        yield InterfaceChange(side=side, kind="renamed", base=base, head=head, breaking=True)
    if base.dtype != head.dtype:
        yield InterfaceChange(side=side, kind="type", base=base, head=head, breaking=True)
    if len(base.shape) != len(head.shape):
        yield InterfaceChange(side=side, kind="shape", base=base, head=head, breaking=True)
        return
    axes = list(zip(base.shape, head.shape, strict=True))
    if any(isinstance(was, int) and isinstance(now, int) and was != now for was, now in axes):
        yield InterfaceChange(side=side, kind="shape", base=base, head=head, breaking=True)
    fixed = [was for was, now in axes if isinstance(was, str) and isinstance(now, int)]
    if fixed:
        # An output's axis that no input names may have been dynamic only because nobody inferred its size.
        breaking = side == "input" or any(axis in varied for axis in fixed)
        yield InterfaceChange(side=side, kind="axis fixed", base=base, head=head, breaking=breaking)
    if any(isinstance(was, int) and isinstance(now, str) for was, now in axes):
        yield InterfaceChange(side=side, kind="axis freed", base=base, head=head, breaking=False)


def _moved(base: Tensors, head: Tensors, renamed: Names) -> Iterator[InterfaceChange]:
    """Outputs in another order: who reads answers by their position gets others."""
    order = {tensor.name: place for place, tensor in enumerate(head)}
    kept = [tensor for tensor in base if tensor.name in renamed]
    places = [order[renamed[tensor.name]] for tensor in kept]
    for tensor, place, usual in zip(kept, places, sorted(places), strict=True):
        if place != usual:
            yield InterfaceChange(side="output", kind="moved", base=tensor, head=head[place], breaking=True)
