"""Choices of the best few among equals: which of them is taken is not defined, and a right file may take others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from onnx_export_action.exporters.module import NamedModule


def sentence(module: NamedModule, inputs: Mapping[str, torch.Tensor]) -> str:
    """How often the model itself has to choose between equals with these inputs; empty where it never has."""
    with _Watching() as watching:
        module.answer(inputs)
    if not watching.tied:
        return ""
    return (
        f"exact equals are on both sides of the cut in {watching.tied:,} of the model's {watching.choices:,} choices "
        "of the best few: which of them are taken is not defined, so the file may have taken others"
    )


class _Watching(TorchDispatchMode):  # type: ignore[misc]  # torch is not followed by the type checker
    def __init__(self) -> None:
        super().__init__()
        self.choices = self.tied = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten.topk.default:
            self._count(*args)
        return function(*args, **(kwargs or {}))

    def _count(self, values: torch.Tensor, number: int, dim: int = -1, largest: bool = True, *_: Any) -> None:
        if not 0 < number < values.shape[dim]:
            return
        ordered = values.movedim(dim, -1).float().sort(-1, descending=largest).values
        last, following = ordered[..., number - 1], ordered[..., number]
        # The greatest numbers of a type are how models rule places out: which of those is taken says nothing.
        counts = last.abs() < torch.finfo(values.dtype if values.is_floating_point() else torch.float32).max / 4
        self.choices += last.numel()
        self.tied += int(((last == following) & counts).sum())
