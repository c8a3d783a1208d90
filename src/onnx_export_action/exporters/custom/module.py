"""A module of any signature as the exporters see it: flat tensors in, a flat tuple of tensors out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from onnx_export_action.exporters.custom import nesting
from onnx_export_action.exporters.custom.nesting import Nesting
from onnx_export_action.exporters.module import NamedModule


class CallModule(NamedModule):
    """Named tensors go to their places in a call, and the answer's tensors get names."""

    def __init__(self, model: Any, places: Nesting) -> None:
        super().__init__(model, places.names, options={})
        self._places = places

    def outputs(self, inputs: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """Every tensor that the module answers with."""
        call = self._places.call(inputs)
        return nesting.outputs_of(self.model(*call.args, **call.kwargs), self.input_names)
