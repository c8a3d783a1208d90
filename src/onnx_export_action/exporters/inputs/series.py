"""The forms of what is neither image nor sound: series over time, and regions that another model found in an image."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import torch

from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.inputs.configuration import number, read
from onnx_export_action.exporters.inputs.form import Form, Tensors

_REGIONS = 10
_BATCH = {0: "batch_size"}
_Shapes = dict[str, tuple[int, ...]]


def forms(config: Any, parameters: Collection[str]) -> Iterator[Form]:
    """Every form that the names of a model's parameters allow."""
    if "past_values" in parameters:
        yield from _series(config, parameters)
    if "visual_feats" in parameters:
        width = number(config, "visual_feat_dim", otherwise=2048)
        shapes: _Shapes = {"visual_feats": (width,), **({"visual_pos": (4,)} if "visual_pos" in parameters else {})}
        yield _regions(shapes)
    if "visual_embeds" in parameters:
        yield _regions({"visual_embeds": (number(config, "visual_embedding_dim", otherwise=512),)})


def _regions(shapes: _Shapes) -> Form:
    def make(case: Case, generator: torch.Generator) -> Tensors:
        sizes = {name: (case.batch, _REGIONS, *shape) for name, shape in shapes.items()}
        return {name: torch.rand(size, generator=generator) for name, size in sizes.items()}

    return Form("image", dict.fromkeys(shapes, _BATCH), make)


def _series(config: Any, parameters: Collection[str]) -> Iterator[Form]:
    """The past of one or several series, alone, with what else is known of it, and with the future's dates."""
    lags = read(config, "lags_sequence") or [0]
    length = number(config, "context_length", otherwise=32) + max(lags)
    channels, future = read(config, "num_input_channels"), number(config, "prediction_length", otherwise=1)
    dates = read(config, "num_time_features") or 0
    alone: _Shapes = {"past_values": (length, channels) if channels else (length,)}
    if "past_values_padding" in parameters:
        alone["past_values_padding"] = (length,)
    told: _Shapes = {**alone, "past_time_features": (length, dates), "past_observed_mask": (length,)}
    ahead: _Shapes = {"future_values": (future,), "future_time_features": (future, dates)}
    kinds: tuple[_Shapes, ...] = (alone, {"past_values": (length,)}, told, {**told, **ahead})
    for shapes in kinds:
        if shapes.keys() <= set(parameters):
            yield Form("series", dict.fromkeys(shapes, _BATCH), _maker(shapes))


def _maker(shapes: _Shapes) -> Any:
    def value(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
        if name == "past_observed_mask":
            return torch.ones(shape)
        if name == "past_values_padding":
            return torch.zeros(shape, dtype=torch.int64)
        return torch.randn(shape, generator=generator)

    def make(case: Case, generator: torch.Generator) -> Tensors:
        return {name: value(name, (case.batch, *shape), generator) for name, shape in shapes.items()}

    return make
