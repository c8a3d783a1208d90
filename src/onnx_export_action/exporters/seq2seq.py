"""An encoder-decoder as three modules, with inputs and outputs as Optimum names them.

The encoder runs once a text, the decoder once for its first token, the decoder with past for every other. Keys and
values of the encoder's text are outputs of the decoder alone, and inputs of the one with past.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
import transformers
from transformers.modeling_outputs import BaseModelOutput

from onnx_export_action.exporters.cached import PAST, PRESENT, filled
from onnx_export_action.exporters.module import NamedModule

MASK, HIDDEN = "encoder_attention_mask", "encoder_hidden_states"


class Encoder(NamedModule):
    """The encoder alone."""

    def __init__(self, model: Any, input_names: tuple[str, ...]) -> None:
        super().__init__(model, input_names)

    def outputs(self, inputs: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """The last hidden state."""
        return {"last_hidden_state": self.model.get_encoder()(**inputs, return_dict=True).last_hidden_state}


class Decoder(NamedModule):
    """The decoder with its head; with `layers` of a past it takes them, else the encoder's hidden states."""

    def __init__(self, model: Any, masked: bool, layers: int = 0) -> None:
        mask = (MASK,) if masked else ()
        source = tuple(_names(PAST, layers, ("decoder", "encoder"))) if layers else (HIDDEN,)
        super().__init__(model, (*mask, "input_ids", *source))

    def outputs(self, inputs: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """The logits, and keys and values: all of them, or those of the decoder's text where a past is given."""
        past = [value for name, value in inputs.items() if name.startswith(PAST)]
        cache = _cache(past)
        answered = self.model(
            encoder_outputs=BaseModelOutput(inputs[HIDDEN] if not past else self._no_matter(past)),
            attention_mask=inputs.get(MASK),
            decoder_input_ids=inputs["input_ids"],
            past_key_values=cache,
            use_cache=True,
            return_dict=True,
        )
        kept = answered.past_key_values
        sides = {"decoder": kept.self_attention_cache, "encoder": kept.cross_attention_cache}
        if past:
            del sides["encoder"]
        layers = range(len(kept.self_attention_cache.layers))
        flat = [tensor for layer in layers for side in sides.values() for tensor in _pair(side.layers[layer])]
        return {"logits": answered.logits, **dict(zip(_names(PRESENT, len(layers), sides), flat, strict=True))}

    def _no_matter(self, past: list[torch.Tensor]) -> torch.Tensor:
        """Hidden states of the right size, which nobody reads: their keys and values are in the past."""
        keys = past[2]
        return torch.zeros(keys.shape[0], keys.shape[2], self.model.get_encoder().config.hidden_size, dtype=keys.dtype)


def _names(prefix: str, layers: int, sides: Iterable[str]) -> list[str]:
    kinds = [f"{side}.{kind}" for side in sides for kind in ("key", "value")]
    return [f"{prefix}{layer}.{kind}" for layer in range(layers) for kind in kinds]


def _pair(layer: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return layer.keys, layer.values


def _cache(past: list[torch.Tensor]) -> Any:
    if not past:
        return transformers.EncoderDecoderCache(transformers.DynamicCache(), transformers.DynamicCache())
    pairs = list(zip(past[::2], past[1::2], strict=True))
    own, cross = (filled([tensor for pair in pairs[side::2] for tensor in pair]) for side in (0, 1))
    cache = transformers.EncoderDecoderCache(own, cross)
    cache.is_updated = dict.fromkeys(range(len(cross.layers)), True)
    return cache
