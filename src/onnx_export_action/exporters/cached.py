"""A decoder with its cache as named tensors: past keys and values in, present ones out, named as Optimum names them.

Every layer holds the whole past, sliding ones too: their window is in the mask, so one length serves them all.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
import transformers
from transformers.cache_utils import DynamicLayer

from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.workers.protocol import Refusal

PAST, PRESENT = "past_key_values.", "present."

_PLAIN_LAYERS = {"DynamicLayer", "DynamicSlidingWindowLayer"}
# Optimum's files of these have no positions: they count from the start of the text, and only distances matter to them.
_WITHOUT_POSITIONS = {"gemma", "gemma2", "gemma3", "gemma3_text", "gpt_oss", "nemotron"}


class CachedModule(NamedModule):
    """The model with flat tensors for its cache, in the order of its forward method."""

    def __init__(self, model: Any) -> None:
        self.heads = _heads(model)
        super().__init__(model, _input_names(model, len(self.heads)))
        self._options["use_cache"] = True

    def outputs(self, inputs: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """The logits, and keys and values of the past and the new text together."""
        past = [value for name, value in inputs.items() if name.startswith(PAST)]
        cache = filled(past)
        given = {name: value for name, value in inputs.items() if not name.startswith(PAST)}
        answered = self.model(**given, past_key_values=cache, **self._options)
        flat = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
        return {"logits": answered.logits, **dict(zip(_flat_names(PRESENT, len(self.heads)), flat, strict=True))}

    def empty_past(self, batch: int, dtype: torch.dtype) -> dict[str, torch.Tensor]:
        """What the first call takes: a cache of length 0."""
        sizes = [size for pair in self.heads for size in pair]
        names = _flat_names(PAST, len(self.heads))
        return {
            name: torch.zeros(batch, heads, 0, width, dtype=dtype)
            for name, (heads, width) in zip(names, sizes, strict=True)
        }


def _flat_names(prefix: str, layers: int) -> list[str]:
    return [f"{prefix}{layer}.{kind}" for layer in range(layers) for kind in ("key", "value")]


def _input_names(model: Any, layers: int) -> tuple[str, ...]:
    wanted = {"input_ids", "attention_mask", "past_key_values"}
    if model.config.model_type not in _WITHOUT_POSITIONS:
        wanted.add("position_ids")
    names = [name for name in inspect.signature(model.forward).parameters if name in wanted]
    place = names.index("past_key_values")
    return (*names[:place], *_flat_names(PAST, layers), *names[place + 1 :])


def filled(flat: list[torch.Tensor]) -> Any:
    """A cache that holds these tensors themselves; filling it by `update` would join each to an empty one first."""
    cache = transformers.DynamicCache()
    for keys, values in zip(flat[::2], flat[1::2], strict=True):
        layer = DynamicLayer()
        layer.keys, layer.values = keys, values
        layer.dtype, layer.device, layer.is_initialized = keys.dtype, keys.device, True
        cache.layers.append(layer)
    return cache


def _heads(model: Any) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Number and width of the heads in keys and values of each layer, as a short run of the model shows them."""
    if "past_key_values" not in inspect.signature(model.forward).parameters:
        raise _refusal(model, "it takes no `past_key_values`")
    with torch.inference_mode():
        answered = model(input_ids=torch.tensor([[0, 0]]), use_cache=True, return_dict=True)
    layers = getattr(answered.get("past_key_values"), "layers", None)
    if not layers:
        raise _refusal(model, "it returns none")
    other = sorted({type(layer).__name__ for layer in layers} - _PLAIN_LAYERS)
    if other:
        raise _refusal(model, f"some of its layers keep a {' and a '.join(other)}")
    kept = [layer for layer in layers if layer.is_initialized]
    return [(_head(layer.keys), _head(layer.values)) for layer in kept]


def _head(tensor: torch.Tensor) -> tuple[int, int]:
    return int(tensor.shape[1]), int(tensor.shape[3])


def _refusal(model: Any, what: str) -> Refusal:
    return Refusal(
        f"The cache of {model.config.model_type} is not keys and values alone: {what}.",
        "Use `task: text-generation`, a file without a cache.",
        "usage",
    )
