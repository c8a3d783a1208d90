"""Nested values as named tensors and back: `state.h.0` is the first part of `h` in the argument `state`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from onnx_export_action.workers.protocol import Refusal

# What may stand among the tensors: it is part of the program, and the same in every call.
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device)


@dataclass(frozen=True)
class Call:
    """Arguments of one call of the module, as they were given."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class Nesting:
    """Where each tensor of a call belongs; what is no tensor stays as it was."""

    names: tuple[str, ...]
    leaves: tuple[Any, ...]
    places: tuple[int, ...]  # of the named tensors among the leaves
    spec: Any

    def call(self, tensors: Mapping[str, torch.Tensor]) -> Call:
        """The call with these tensors in their places."""
        leaves = list(self.leaves)
        for name, place in zip(self.names, self.places, strict=True):
            leaves[place] = tensors[name]
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        return Call(args, kwargs)


def of(call: Call, parameters: Sequence[str]) -> tuple[Nesting, dict[str, torch.Tensor]]:
    """The nesting of a call and its tensors by name; `parameters` name the positional ones."""
    paths, spec = pytree.tree_flatten_with_path((call.args, call.kwargs))
    found = [(place, _name(path, parameters), leaf) for place, (path, leaf) in enumerate(paths)]
    foreign = next((entry for entry in found if not isinstance(entry[2], (torch.Tensor, *_CONSTANTS))), None)
    if foreign is not None:
        raise Refusal(
            f"The example input `{foreign[1]}` is a {type(foreign[2]).__name__}, in which no tensors are looked for.",
            "Give tensors, numbers and texts, in tuples, lists and dictionaries.",
            "usage",
        )
    tensors = {name: leaf for _, name, leaf in found if isinstance(leaf, torch.Tensor)}
    if not tensors:
        raise Refusal("The example inputs hold no tensor.", "Give one tensor at least.", "usage")
    places = tuple(place for place, _, leaf in found if isinstance(leaf, torch.Tensor))
    return Nesting(tuple(tensors), tuple(leaf for _, _, leaf in found), places, spec), tensors


def outputs_of(answer: Any, input_names: Sequence[str]) -> dict[str, torch.Tensor]:
    """Every tensor of an answer by name; one that has an input's name gets `.out` behind it, as ONNX needs."""
    return {f"{name}.out" if name in input_names else name: tensor for name, tensor in _walk(answer, "")}


def _walk(value: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name or "output", value
    for key, part in _parts(value):
        outer = name or ("output" if key.isdigit() else "")
        yield from _walk(part, f"{outer}.{key}" if outer else key)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), part) for key, part in value.items())
    elif dataclasses.is_dataclass(value):
        yield from ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    elif isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", None) or [str(place) for place in range(len(value))]
        yield from zip(names, value, strict=True)


def _name(path: Any, parameters: Sequence[str]) -> str:
    """A leaf's name from its way through `(args, kwargs)`."""
    side, *rest = path
    steps = [str(_key(step)) for step in rest]
    if side.idx == 0:
        place = int(steps[0])
        steps[0] = parameters[place] if place < len(parameters) else f"input_{place}"
    return ".".join(steps)


def _key(step: Any) -> Any:
    return next(getattr(step, name) for name in ("idx", "key", "name") if hasattr(step, name))
