"""Attention within each of several images in one row, by a mask: models cut the row at lengths that Python reads."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

# A name with `flash` in it: only then do encoders hand over the whole row, with the ends of the images.
_NAME = "flash_attention_by_mask"


@contextmanager
def attention_by_mask(model: Any) -> Iterator[None]:
    """Let the attention of every part that takes `cu_seqlens` see the whole row and a mask."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    configs = _configs(model)
    own = [config._attn_implementation for config in configs]
    ALL_ATTENTION_FUNCTIONS.register(_NAME, within_segments)
    for config in configs:
        config._attn_implementation_internal = _NAME
    try:
        yield
    finally:
        for config, implementation in zip(configs, own, strict=True):
            config._attn_implementation_internal = implementation


def within_segments(
    _module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of each segment to itself; the ends of the segments are those of the flash kernels."""
    mask = attention_mask
    if cu_seq_lens_q is not None:
        segment = (torch.arange(query.shape[2])[:, None] >= cu_seq_lens_q[None, 1:]).sum(1)
        mask = (segment[:, None] == segment[None, :])[None, None]
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = (each.repeat_interleave(groups, dim=1) for each in (key, value))
    seen = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scaling)
    return seen.transpose(1, 2).contiguous(), None


def no_greatest_length(*_: Any, **__: Any) -> None:
    """Nothing: only a kernel needs the length of the longest segment."""


def _configs(model: Any) -> list[Any]:
    """The configurations of the parts whose attention is cut into segments."""
    cut = [part for part in model.modules() if "cu_seqlens" in _parameters(part)]
    found = {id(part.config): part.config for part in cut if hasattr(part, "config")}
    return list(found.values())


def _parameters(part: Any) -> tuple[str, ...]:
    """Of its `forward`; none of a script's, which is no function of Python."""
    if isinstance(part, torch.jit.ScriptModule):
        return ()
    return tuple(inspect.signature(part.forward).parameters)
