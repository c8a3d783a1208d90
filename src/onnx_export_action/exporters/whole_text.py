"""Prompts of a decoder without a cache: each step reads the whole text."""

from __future__ import annotations

import torch

from onnx_export_action.exporters.cached_inputs import positions
from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.inputs import Inputs


class WholeText:
    """What a generation needs to know of `Inputs`."""

    def __init__(self, text: Inputs) -> None:
        self._text = text

    @property
    def possible(self) -> bool:
        """Whether the model reads a text and its mask, and nothing else that would have to go on with it."""
        return set(self._text.names) == {"input_ids", "attention_mask"}

    @property
    def longest(self) -> int | None:
        """The longest text that the position table holds."""
        return self._text.longest

    def prompt(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """The text that a generation starts from."""
        return self._text.make(case, seed)

    def first(self, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """The inputs of the first call; positions are for files that ask for them."""
        return {"input_ids": ids, "attention_mask": mask, "position_ids": positions(mask)}
