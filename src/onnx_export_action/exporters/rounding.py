"""How far the model's answers move when every part's output is rounded once more: what no file can be blamed for.

Each value that a part hands on is moved to a neighbour, up or down by the toss of a coin; runs in a worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from onnx_export_action.exporters.module import NamedModule


def of(
    module: NamedModule, inputs: Mapping[str, torch.Tensor], outputs: Mapping[str, torch.Tensor], seed: int
) -> dict[str, tuple[float, float]]:
    """For each output the greatest difference and its root mean square."""
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        return {}  # a script lets nobody in between its parts
    with _rounded_again(module.model, torch.Generator().manual_seed(seed)):
        moved = module.answer(inputs)
    return {
        name: _differences(value, moved[name])
        for name, value in outputs.items()
        if value.is_floating_point() and value.numel() and value.shape == moved[name].shape
    }


def _differences(value: torch.Tensor, moved: torch.Tensor) -> tuple[float, float]:
    difference = (moved.double() - value.double()).nan_to_num(0.0, 0.0, 0.0)
    return float(difference.abs().max()), float(difference.square().mean().sqrt())


@contextmanager
def _rounded_again(model: torch.nn.Module, generator: torch.Generator) -> Iterator[None]:
    def hook(_: Any, __: Any, output: Any) -> Any:
        return _moved(output, generator) if isinstance(output, (torch.Tensor, tuple)) else None

    hooks = [part.register_forward_hook(hook) for part in model.modules()]
    try:
        yield
    finally:
        for each in hooks:
            each.remove()


def _moved(value: Any, generator: torch.Generator) -> Any:
    if type(value) is tuple:
        return tuple(_moved(each, generator) for each in value)
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        return value
    signs = 2 * torch.randint(0, 2, value.shape, generator=generator, dtype=torch.int8) - 1
    return value * (1 + torch.finfo(value.dtype).eps * signs).to(value.dtype)
