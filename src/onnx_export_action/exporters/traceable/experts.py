"""Mixtures of experts by plain products: the default sorts tokens by expert, with operators that ONNX has not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from onnx_export_action.exporters.traceable.changing import parts_changed

_EXPERTS = "batched_mm"  # a gather and a batched product
# It warns of every operator that it could translate if another library were there, none of which a model has asked for.
_REGISTRY = "torch.onnx._internal.exporter._registration"
_LONGCAT = "LongcatFlashExperts"


@contextmanager
def by_products(model: Any) -> Iterator[None]:
    """Another kernel of the library itself for the same mathematics."""
    logging.getLogger(_REGISTRY).setLevel(logging.ERROR)
    with _longcats(model):
        yield from _chosen(model)


def _chosen(model: Any) -> Iterator[None]:
    if not getattr(model, "_can_set_experts_implementation", lambda: False)():
        yield
        return
    own = model.get_experts_implementation()
    model.set_experts_implementation(_EXPERTS)
    try:
        yield
    finally:
        model.set_experts_implementation(own)


@contextmanager
def _longcats(model: Any) -> Iterator[None]:
    """LongCat's experts, some of which hand on what they get, have no other kernel in the library."""
    parts = [part for part in model.modules() if type(part).__name__ == _LONGCAT]
    with parts_changed(parts, "forward", lambda part: partial(_of_longcat, part)):
        yield


def _of_longcat(part: Any, hidden_states: torch.Tensor, top_k_index: torch.Tensor, top_k_weights: torch.Tensor) -> Any:
    real = top_k_index.clamp(max=part.num_routed_experts - 1)
    gate, up = (part.gate_up_proj[real] @ hidden_states[:, None, :, None])[..., 0].chunk(2, dim=-1)
    done = (part.down_proj[real] @ (part.act_fn(gate) * up)[..., None])[..., 0]
    handed_on = (top_k_index >= part.num_routed_experts)[..., None]
    return (torch.where(handed_on, hidden_states[:, None], done) * top_k_weights[..., None]).sum(1)
