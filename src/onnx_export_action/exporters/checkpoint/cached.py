"""A decoder with its cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters import cases, generation
from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.cached import CachedModule
from onnx_export_action.exporters.cached_inputs import CachedInputs
from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.checkpoint.whole import Checkpoint
from onnx_export_action.exporters.inputs import Inputs


class CachedDecoder(Checkpoint):
    """A decoder with its keys and values as inputs and outputs."""

    _inputs: CachedInputs
    _texts = staticmethod(cases.with_past)

    def __init__(self, model: Any, inputs: Inputs, dtype: torch.dtype, folder: Path) -> None:
        super().__init__(model, inputs, dtype, folder)
        module = CachedModule(model)
        self.module, self._inputs = module, CachedInputs(inputs, module, dtype)
        self.prompts = self._inputs

    def masked(self, outputs: Sequence[str], _axes: Axes, /) -> list[str]:
        """All of them: scores of positions, and what the cache holds of positions."""
        return list(outputs)

    def generations(self, folder: Path, /) -> list[dict[str, Any]]:
        """What the model's own `generate` says."""
        return generation.write(self.model, self._inputs, folder)

    def prepare(self) -> None:
        """Nothing: the cache is what is exported."""

    def _sample(self) -> Case:
        return cases.sample_with_past(self._batches, self._lengths, self._inputs.longest)
