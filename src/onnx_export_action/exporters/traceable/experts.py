"""Mixtures of experts by plain products: the default sorts tokens by expert, with operators that ONNX has not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_EXPERTS = "batched_mm"  # a gather and a batched product
# It warns of every operator that it could translate if another library were there, none of which a model has asked for.
_REGISTRY = "torch.onnx._internal.exporter._registration"


@contextmanager
def by_products(model: Any) -> Iterator[None]:
    """Another kernel of the library itself for the same mathematics."""
    logging.getLogger(_REGISTRY).setLevel(logging.ERROR)
    if not getattr(model, "_can_set_experts_implementation", lambda: False)():
        yield
        return
    own = model.get_experts_implementation()
    model.set_experts_implementation(_EXPERTS)
    try:
        yield
    finally:
        model.set_experts_implementation(own)
