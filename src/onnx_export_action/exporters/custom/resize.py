"""Inputs of other sizes made from example inputs: values that the example has, in other places."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom.sizes import Sizes

Tensors = dict[str, torch.Tensor]

_FEW = 2  # distinct values of a mask or a flag, whose places mean something


def to(example: Tensors, axes: Axes, sizes: Sizes, seed: int, drawn: bool) -> Tensors:
    """Every input repeated or cut to its size; with `drawn` its values are drawn anew from those of the example."""
    generator = torch.Generator().manual_seed(seed)
    return {name: _one(value, axes.get(name, {}), sizes, generator, drawn) for name, value in example.items()}


def _one(
    value: torch.Tensor, labels: Mapping[int, str], sizes: Sizes, generator: torch.Generator, drawn: bool
) -> torch.Tensor:
    made = value
    for axis, label in labels.items():
        if value.shape[axis]:
            made = made.index_select(axis, torch.arange(sizes[label]) % value.shape[axis])
    return _redrawn(made, generator) if drawn and labels else made.contiguous()


def _redrawn(value: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    distinct = len(value.unique())
    if value.is_floating_point() and distinct <= 1:
        return torch.randn(value.shape, generator=generator).to(value.dtype)  # all zeros or ones prove little
    if distinct <= _FEW:
        return value.contiguous()
    places = torch.randint(0, value.numel(), tuple(value.shape), generator=generator)
    return value.flatten()[places]
