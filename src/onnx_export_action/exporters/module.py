"""The model as the exporters see it: named tensors in, a fixed tuple of named tensors out, no cache."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from onnx_export_action.exporters.products import by_onednn


class NamedModule(torch.nn.Module):  # type: ignore[misc]  # torch is not followed by the type checker
    """Positional inputs become the model's keywords; its outputs become a tuple in the order of `output_names`.

    Exporters that trace keywords directly write files that ask for inputs nobody has.
    """

    def __init__(
        self,
        model: Any,
        input_names: tuple[str, ...],
        options: dict[str, Any] | None = None,
        constants: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.input_names = input_names
        self.output_names: tuple[str, ...] = ()
        self._options = {**(_options(model) if options is None else options), **(constants or {})}
        self.eval()  # an exporter gives every part the mode that it found here, and dropout with it

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The tensors named by `output_names`."""
        outputs = self.outputs(dict(zip(self.input_names, inputs, strict=True)))
        return tuple(outputs[name] for name in self.output_names)

    def outputs(self, inputs: Mapping[str, torch.Tensor]) -> Mapping[str, Any]:
        """Whatever the model says to these inputs, by name."""
        outputs: Mapping[str, Any] = self.model(**inputs, **self._options)
        return (
            outputs if any(isinstance(value, torch.Tensor) for value in outputs.values()) else _flat(outputs) or outputs
        )

    def answer(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Every output tensor by name, caches and empty ones left out."""
        with by_onednn(), torch.inference_mode():
            outputs = self.outputs(inputs)
        return {name: value for name, value in outputs.items() if isinstance(value, torch.Tensor)}


def array(value: torch.Tensor) -> np.ndarray[Any, Any]:
    """A tensor as NumPy has it, which has no bfloat16; fp32 holds every one of its values."""
    return np.asarray(value.float() if value.dtype is torch.bfloat16 else value)


def _flat(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of lists by their places, where a model answers with lists alone: `feature_maps.0`."""
    lists = {name: value for name, value in outputs.items() if isinstance(value, (list, tuple))}
    return {f"{name}.{place}": each for name, value in lists.items() for place, each in enumerate(value)}


def without_cache(model: torch.nn.Module) -> None:
    """Switch the cache off in every part: an encoder-decoder's parts have configurations of their own."""
    for part in model.modules():
        config = getattr(part, "config", None)
        if config is not None and getattr(config, "use_cache", False):
            config.use_cache = False


def _options(model: Any) -> dict[str, Any]:
    parameters = inspect.signature(model.forward).parameters
    options: dict[str, Any] = {"return_dict": True}
    if "use_cache" in parameters or getattr(model.config, "is_encoder_decoder", False):
        options["use_cache"] = False
    accepted = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {name: value for name, value in options.items() if accepted or name in parameters}
