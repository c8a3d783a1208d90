"""MiniMax's linear attention, its blocks in a loop that the file keeps: a trace has the sample's blocks alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from onnx_export_action.exporters.traceable.changing import parts_changed
from onnx_export_action.exporters.traceable.recurrences import chunked

_NAME = "MiniMaxLightningAttention"


@contextmanager
def by_blocks(model: Any) -> Iterator[None]:
    """Each such attention by our own forward while the model is exported."""
    parts = [part for part in model.modules() if type(part).__name__ == _NAME]
    with parts_changed(parts, "forward", lambda part: partial(_attention, part)):
        yield


@torch.jit.script  # type: ignore[untyped-decorator]
def _carried(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """What queries read from all blocks before their own; the blocks first."""
    state = key[0].transpose(-1, -2) @ value[0] * 0.0
    said: list[torch.Tensor] = []
    for block in range(query.size(0)):
        said.append(query[block] @ state)
        state = state * kept + key[block].transpose(-1, -2) @ value[block]
    return torch.stack(said)


def _attention(
    part: Any,
    hidden_states: torch.Tensor,
    position_embeddings: Any,
    attention_mask: torch.Tensor | None,
    past_key_values: Any = None,
    **named: Any,
) -> Any:
    """The module's own forward, without its state: the last block is filled with keys and values of zero."""
    if past_key_values is not None:
        return type(part).forward(part, hidden_states, position_embeddings, attention_mask, past_key_values, **named)
    masked = sys.modules[type(part).__module__].apply_mask_to_padding_states
    states = masked(part.act_fn(part.qkv_proj(hidden_states)), attention_mask)
    states = states.reshape(*hidden_states.shape[:2], part.num_attention_heads, 3 * part.head_dim)
    query, key, value = (chunked(each, part.block_size) for each in states.split(part.head_dim, dim=-1))
    within = (query @ key.transpose(-1, -2) * part.diagonal_decay) @ value
    kept = torch.exp(-part.slope_rate * part.block_size)
    said = within + _carried(query * part.query_decay, key * part.key_decay, value, kept)
    said = said.permute(1, 0, 3, 2, 4).flatten(1, 2)[:, : hidden_states.shape[1]].flatten(2)
    gated = torch.sigmoid(part.output_gate(hidden_states)) * part.norm(said.to(hidden_states.dtype))
    return part.out_proj(gated), None
