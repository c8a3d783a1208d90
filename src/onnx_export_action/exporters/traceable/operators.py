"""Operators that the tracer cannot write, or writes for the sample's size alone, by others that say the same."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

import torch

from onnx_export_action.exporters.traceable import grids

Own = Callable[..., Any]


def least(*given: Any, **named: Any) -> Any:
    """`min`, which Python answers with one of its arguments: of sizes under trace both count."""
    return _of_sizes(torch.minimum, given) if _sizes(given, named) else builtins.min(*given, **named)


def greatest(*given: Any, **named: Any) -> Any:
    """`max`, in the same way."""
    return _of_sizes(torch.maximum, given) if _sizes(given, named) else builtins.max(*given, **named)


def _sizes(given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether these are numbers, one of them a tensor, as sizes are under trace."""
    numbers = len(given) > 1 and all(isinstance(each, (torch.Tensor, int)) for each in given)
    return numbers and not named and torch.jit.is_tracing() and any(isinstance(each, torch.Tensor) for each in given)


def _of_sizes(choice: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    return functools.reduce(choice, (each if isinstance(each, torch.Tensor) else torch.tensor(each) for each in given))


def rounded(size: torch.Tensor, digits: int | None = None) -> Any:
    """`round`, which sizes under trace do not know: a constant, as in all that Python computes."""
    return builtins.round(size.item(), digits)


def permuting(own: Own) -> Own:
    """Axes counted from the end are written as they are, which ONNX does not allow."""

    def permute(tensor: torch.Tensor, *axes: Any, **named: Any) -> Any:
        if not axes:
            return own(tensor, **named)
        return own(tensor, [axis % tensor.ndim for axis in _listed(axes[0] if len(axes) == 1 else axes)])

    return permute


def moving(own: Own) -> Own:
    """The same for `movedim`, by the order of the axes that it comes to."""

    def movedim(tensor: torch.Tensor, source: Any, destination: Any) -> Any:
        if not torch.jit.is_tracing():
            return own(tensor, source, destination)
        sources, places = ([axis % tensor.ndim for axis in _listed(given)] for given in (source, destination))
        order = [axis for axis in range(tensor.ndim) if axis not in sources]
        for place, axis in sorted(zip(places, sources, strict=True)):
            order.insert(place, axis)
        return tensor.permute(order)

    return movedim


def _listed(axes: Any) -> list[int]:
    return list(axes) if isinstance(axes, (list, tuple)) else [axes]


def repeating(own: Own) -> Own:
    """Rows repeated by counts in a tensor are gathered; a number of repetitions along an axis is an axis of its own."""

    def repeat(tensor: torch.Tensor, *given: Any, **named: Any) -> Any:
        repeats, dim = _repeats(*given, **named)
        counted = isinstance(repeats, torch.Tensor) and repeats.ndim == tensor.ndim == 1 and not named and dim is None
        if counted:
            return tensor[grids.owner(repeats)]
        if not torch.jit.is_tracing() or not isinstance(repeats, int) or dim is None:
            return own(tensor, *given, **named)
        axis = dim % tensor.ndim
        sizes = [-1] * (axis + 1) + [repeats] + [-1] * (tensor.ndim - axis - 1)
        return tensor.unsqueeze(axis + 1).expand(sizes).flatten(axis, axis + 1)

    return repeat


def _repeats(repeats: Any = None, dim: int | None = None, **_: Any) -> tuple[Any, int | None]:
    return repeats, dim


def summing(own: Own) -> Own:
    """Truth values are counted as numbers."""

    def cumsum(tensor: torch.Tensor, *given: Any, **named: Any) -> Any:
        return own(tensor.long() if tensor.dtype is torch.bool else tensor, *given, **named)

    return cumsum


def filling(own: Own) -> Own:
    """Whole numbers stay whole: where no type is named, the tracer takes them for floating ones."""

    def full(size: Any, fill_value: Any, **named: Any) -> Any:
        if torch.jit.is_tracing() and type(fill_value) is int and named.get("dtype") is None:
            named["dtype"] = torch.int64
        return own(size, fill_value, **named)

    return full


def differing(own: Own) -> Own:
    """Each value's difference to the one before, by two slices."""

    def diff(tensor: torch.Tensor, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
        if not torch.jit.is_tracing() or n != 1 or tensor.dtype is torch.bool:
            return own(tensor, n, dim, prepend, append)
        parts = [part for part in (prepend, tensor, append) if part is not None]
        last = (torch.cat(parts, dim) if len(parts) > 1 else tensor).transpose(dim, -1)
        return (last[..., 1:] - last[..., :-1]).transpose(dim, -1)

    return diff


def unfolding(own: Own) -> Own:
    """Windows along an axis of any length, gathered by their places."""

    def unfold(tensor: torch.Tensor, dimension: int, size: int, step: int) -> Any:
        if not torch.jit.is_tracing():
            return own(tensor, dimension, size, step)
        starts = torch.arange((tensor.shape[dimension] - size) // step + 1) * step
        places = (starts[:, None] + torch.arange(size)[None]).reshape(-1)
        last = tensor.transpose(dimension, -1)
        windows = last.index_select(-1, places).reshape(*last.shape[:-1], -1, size)
        return windows.transpose(dimension % tensor.ndim, -2)

    return unfold


def striding(own: Own) -> Own:
    """Overlapping windows of a row of vectors, which `as_strided` takes by strides that a trace fixes."""

    def as_strided(tensor: torch.Tensor, size: Any, stride: Any, *given: Any) -> Any:
        apart = torch.jit.is_tracing() and not given and len(size) == 4 and tensor.ndim in (3, 4)
        if not apart or tuple(stride[2:]) != tensor.stride()[-2:] or stride[1] % stride[2]:
            return own(tensor, size, stride, *given)
        return tensor.flatten(1, -2).unfold(1, int(size[2]), stride[1] // stride[2]).transpose(2, 3)

    return as_strided


def setting(own: Own) -> Own:
    """One vector wherever a mask says so, by a choice: the tracer writes it for the sample's number of places."""

    def set_item(tensor: torch.Tensor, where: Any, value: Any) -> None:
        mask = torch.jit.is_tracing() and isinstance(where, torch.Tensor) and where.dtype is torch.bool
        if not mask or not isinstance(value, torch.Tensor) or not 0 < value.ndim <= tensor.ndim - where.ndim:
            own(tensor, where, value)
            return
        spread = where.reshape(*where.shape, *[1] * (tensor.ndim - where.ndim))
        tensor.copy_(torch.where(spread, value.to(tensor.dtype), tensor))

    return set_item


def solving(own: Own) -> Own:
    """Of a lower triangle with ones on its diagonal: its inverse block by block, each twice as large as the last."""

    def solve(
        system: torch.Tensor, right: torch.Tensor, *, upper: bool, unitriangular: bool = False, **named: Any
    ) -> Any:
        if not torch.jit.is_tracing() or upper or not unitriangular or named:
            return own(system, right, upper=upper, unitriangular=unitriangular, **named)
        return inverse(system) @ right

    return solve


def inverse(system: torch.Tensor) -> torch.Tensor:
    """Of a lower triangle with ones on its diagonal, whatever else is on and above it."""
    size = int(system.shape[-1])
    found, place, block = torch.eye(size, dtype=system.dtype), torch.arange(size), 1
    while block < size:
        of = place // block
        below = (of[:, None] % 2 == 1) & (of[None, :] == of[:, None] - 1)
        found = found - found @ torch.where(below, system, 0.0) @ found
        block *= 2
    return found
