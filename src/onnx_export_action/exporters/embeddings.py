"""The tables that a model looks its tokens up in, as hashes that a file's own can be held against."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch

from onnx_export_action.exporters.subject import Table

_LEAST_ROWS = 64
_OTHERWISE = ("pad_token_id", "eos_token_id")


def tables(model: Any, names: Sequence[str]) -> dict[str, Table]:
    """For each input of token ids, all tables of the model that are large enough to be one of tokens."""
    found = (part.weight for part in model.modules() if isinstance(part, torch.nn.Embedding))
    large = {id(weight): weight for weight in found if len(weight) >= _LEAST_ROWS}
    table = Table(tuple(_hash(weight) for weight in large.values()), _known(model))
    return dict.fromkeys(names, table)


def _hash(weight: torch.Tensor) -> str:
    plain = weight.detach().contiguous().view(torch.uint8)
    return hashlib.sha256(memoryview(plain.numpy()).cast("B")).hexdigest()


def _known(model: Any) -> tuple[int, ...]:
    """Ids that a model may tell from all others, and that every padded or ended row holds."""
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    ids = (getattr(config, key, None) for key in _OTHERWISE)
    return tuple(value for value in ids if isinstance(value, int))
