"""Functions that an export cannot follow, each by another that says the same; tested against the originals.

Transformers 5 keeps what encoders count with, whose images lie in one row of patches, in one module, `vision_utils`; an
older one has no such module, and nothing is changed.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.nn import functional

from onnx_export_action.exporters.traceable import (
    complex_numbers,
    durations,
    grids,
    masks,
    operators,
    recurrences,
    resampling,
    segments,
)
from onnx_export_action.exporters.traceable.changing import changed

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "length_regulator": durations.regulated,
    "get_vision_position_ids": grids.position_ids,
    "get_vision_window_index": grids.window_index,
    "get_max_seqlen": segments.no_greatest_length,
}
_AROUND: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "torch_chunk_gated_delta_rule": recurrences.gated_delta_rule,
    "mamba_selective_scan": recurrences.selective_scan,
    "_vmap_expansion_sdpa": masks.by_broadcasting,
}
_METHODS: tuple[tuple[str, Callable[[Callable[..., Any]], Callable[..., Any]]], ...] = (
    ("permute", operators.permuting),
    ("repeat_interleave", operators.repeating),
    ("movedim", operators.moving),
    ("cumsum", operators.summing),
    ("diff", operators.differing),
)


@contextmanager
def vectorised(model: Any) -> Iterator[None]:
    """Every encoder's counting by tensors, and the attention within each image by a mask."""
    if importlib.util.find_spec("transformers.vision_utils") is None:
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(segments.attention_by_mask(model))
        stack.enter_context(resampling.of_all_images(model))
        for name, function in _FUNCTIONS.items():
            for module in _modules_with(name):
                stack.enter_context(changed(module, name, function))
        for name, around in _AROUND.items():
            for module in _modules_with(name):
                stack.enter_context(changed(module, name, around(getattr(module, name))))
        for module in _modules_of(model):
            stack.enter_context(changed(module, "min", operators.least))
            stack.enter_context(changed(module, "max", operators.greatest))
        for owner, name, value in _of_torch():
            stack.enter_context(changed(owner, name, value))
        yield


def _of_torch() -> list[tuple[Any, str, Callable[..., Any]]]:
    return [
        *((owner, "split", _leaving_whole(owner.split)) for owner in (torch, torch.Tensor)),
        (torch.Tensor, "scatter", _with_numbers(torch.Tensor.scatter)),
        *((owner, name, around(getattr(owner, name))) for name, around in _METHODS for owner in (torch, torch.Tensor)),
        (torch.Tensor, "__setitem__", operators.setting(torch.Tensor.__setitem__)),
        (torch.Tensor, "__round__", operators.rounded),
        (torch.Tensor, "as_strided", operators.striding(torch.Tensor.as_strided)),
        (torch.Tensor, "unfold", operators.unfolding(torch.Tensor.unfold)),
        (torch, "full", operators.filling(torch.full)),
        (functional, "adaptive_avg_pool2d", resampling.averaging(functional.adaptive_avg_pool2d)),
        (functional, "interpolate", resampling.antialiased(functional.interpolate)),
        (torch.linalg, "solve_triangular", operators.solving(torch.linalg.solve_triangular)),
        (torch, "polar", complex_numbers.polar),
        (torch, "view_as_complex", complex_numbers.view_as_complex),
        (torch, "view_as_real", complex_numbers.view_as_real),
    ]


def _with_numbers(own: Callable[..., Any]) -> Callable[..., Any]:
    """The tracer knows no `scatter` of a truth value."""

    def scatter(tensor: torch.Tensor, *given: Any, **named: Any) -> Any:
        return own(tensor, *(int(each) if isinstance(each, bool) else each for each in given), **named)

    return scatter


def _modules_with(name: str) -> list[Any]:
    """The library's modules that have a function of this name, their own or one that they share."""
    loaded = [module for key, module in sys.modules.items() if key.startswith("transformers.")]
    return [module for module in loaded if inspect.isfunction(getattr(module, "__dict__", {}).get(name))]


def _modules_of(model: Any) -> list[Any]:
    """The modules that the code of the model's parts is in."""
    names = dict.fromkeys(type(part).__module__ for part in model.modules())
    return [sys.modules[name] for name in names if name.startswith("transformers.models.")]


def _leaving_whole(own: Callable[..., Any]) -> Callable[..., Any]:
    """An image's features are split by image and joined again at once: they stay together, if nothing packs them."""

    def split(tensor: torch.Tensor, *given: Any, **named: Any) -> Any:
        frame = inspect.currentframe()
        caller = frame.f_back.f_code if frame and frame.f_back else None
        joined = caller and caller.co_name == "get_image_features" and "pack_image_features" not in caller.co_names
        if joined and given and isinstance(given[0], (list, tuple)) and not any(given[1:]):
            return (tensor,)
        return own(tensor, *given, **named)

    return split
