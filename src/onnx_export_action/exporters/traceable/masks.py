"""Masks by a rule for each place, asked for all places at once: a trace of `vmap` has the sample's sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Rule = Callable[..., torch.Tensor]


def by_broadcasting(_own: Any) -> Callable[[Rule], Rule]:
    """In place of `_vmap_expansion_sdpa`: rows, heads, queries and keys each on an axis of their own."""

    def expand(rule: Rule) -> Rule:
        def mask(*places: torch.Tensor) -> torch.Tensor:
            axes = range(len(places))
            spread = [place.reshape([-1 if axis == own else 1 for axis in axes]) for own, place in enumerate(places)]
            return rule(*spread).expand(*(place.shape[0] for place in places))

        return mask

    return expand
