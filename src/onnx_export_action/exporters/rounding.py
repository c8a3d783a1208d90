"""How far the model's answers move when every part's output is rounded once more: what no file can be blamed for.

Each value that a part hands on is moved to a neighbour, up or down by the toss of a coin; runs in a worker. The coins
are tossed once: every part begins at another place of them, as tossing them anew takes longer than the model itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch

from onnx_export_action.exporters.module import NamedModule

# Two numbers may stay as they are by chance: so many of an output are looked at, if need be in several runs.
_ENOUGH, _MOST_RUNS = 12, 6
_COINS = 1_000_003  # a prime, so that rows of no model fall on the same coins again and again
_SEED = 2027


def of(
    module: NamedModule, inputs: Mapping[str, torch.Tensor], outputs: Mapping[str, torch.Tensor], seed: int
) -> dict[str, tuple[float, float]]:
    """For each output the greatest difference and its root mean square."""
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        return {}  # a script lets nobody in between its parts
    moving = {name: value for name, value in outputs.items() if value.is_floating_point() and value.numel()}
    least = min((value.numel() for value in moving.values()), default=_ENOUGH)
    with _rounded_again(module.model, torch.Generator().manual_seed(seed)):
        runs = [module.answer(inputs) for _ in range(min(_MOST_RUNS, -(-_ENOUGH // least)))]
    return {
        name: _differences(value, [moved[name] for moved in runs])
        for name, value in moving.items()
        if all(moved[name].shape == value.shape for moved in runs)
    }


def _differences(value: torch.Tensor, moved: list[torch.Tensor]) -> tuple[float, float]:
    difference = torch.stack([each.double() - value.double() for each in moved]).nan_to_num(0.0, 0.0, 0.0)
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
    """The value, or each of a tuple, with every number moved to a neighbour."""
    if type(value) is tuple:
        return tuple(_moved(each, generator) for each in value)
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        return value
    factors, count = _factors(value.dtype), value.numel()
    start = int(torch.randint(0, _COINS, (), generator=generator))
    if start + count > _COINS:
        factors = factors.repeat(1 + (start + count) // _COINS)
    return value * factors[start : start + count].view(value.shape)


@cache
def _factors(dtype: torch.dtype) -> torch.Tensor:
    """One rounding up or down, so many times as there are coins."""
    coins = torch.randint(0, 2, (_COINS,), generator=torch.Generator().manual_seed(_SEED))
    return (1 + torch.finfo(dtype).eps * (2.0 * coins - 1)).to(dtype)
