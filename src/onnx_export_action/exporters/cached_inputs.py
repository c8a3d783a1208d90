"""Inputs of a decoder with a cache: a text is cut in two, and the model itself makes the past from its first part."""

from __future__ import annotations

from dataclasses import replace

import torch

from onnx_export_action.exporters.cached import PAST, PRESENT, CachedModule
from onnx_export_action.exporters.cases import Case, Reach
from onnx_export_action.exporters.inputs import Inputs


class CachedInputs:
    """Names, axes and values for a decoder that takes keys and values; the counterpart of `Inputs`."""

    modality = "text"

    def __init__(self, text: Inputs, module: CachedModule, dtype: torch.dtype) -> None:
        self._text, self._module, self._dtype = text, module, dtype

    @property
    def names(self) -> tuple[str, ...]:
        """Input names in the order of the model's forward method."""
        return self._module.input_names

    @property
    def longest(self) -> int | None:
        """The longest text that the position table holds, past and new together."""
        return self._text.longest

    @property
    def axes(self) -> dict[str, dict[int, str]]:
        """The axes that should be dynamic, named as Optimum names them."""
        return {name: _axes_of(name) for name in self.names}

    def make(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """Values at the case's sizes; the same seed gives the same values."""
        made = self._text.make(replace(case, sequence=case.past + case.sequence), seed)
        past = self._past(made["input_ids"][:, : case.past], made["attention_mask"][:, : case.past])
        given = self.first(made["input_ids"], made["attention_mask"]) | past
        cut = {name: given[name][:, case.past :] for name in ("input_ids", "position_ids") if name in given}
        return {name: value.contiguous() for name, value in (given | cut).items()}

    def first(self, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """The inputs of the first call for a text: nothing is past."""
        given = {"input_ids": ids, "attention_mask": mask, "position_ids": positions(mask)}
        given |= self._module.empty_past(len(ids), self._dtype)
        return {name: given[name] for name in self.names}

    def prompt(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """The text that a generation starts from."""
        made = self._text.make(case, seed)
        return {name: made[name] for name in ("input_ids", "attention_mask")}

    def derived(self, case: Case) -> dict[str, torch.Tensor]:
        """Inputs that the model makes itself when they are absent: a file may ask for them."""
        positions = torch.arange(case.past, case.past + case.sequence).expand(case.batch, -1).contiguous()
        return {} if "position_ids" in self.names else {"position_ids": positions}

    def reach(self, affordable: int) -> Reach:
        """How far the texts of the proof can go."""
        return self._text.reach(affordable)

    def _past(self, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        if not ids.shape[1]:
            return {}
        answered = self._module.answer(self.first(ids, mask))
        return {name.replace(PRESENT, PAST): value for name, value in answered.items() if name.startswith(PRESENT)}


def _axes_of(name: str) -> dict[int, str]:
    if name.startswith(PAST):
        return {0: "batch_size", 2: "past_sequence_length"}
    if name == "attention_mask":
        return {0: "batch_size", 1: "past_sequence_length + sequence_length"}
    return {0: "batch_size", 1: "sequence_length"}


def positions(mask: torch.Tensor) -> torch.Tensor:
    """The place of each token in its own text, as `generate` counts it; padding has none that matters."""
    return (mask.cumsum(-1) - 1).masked_fill(mask == 0, 1)
