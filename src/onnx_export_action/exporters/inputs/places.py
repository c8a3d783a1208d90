"""The places of an image in a text: how many there are, what stands there, and where each lies in the image."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import torch

from onnx_export_action.exporters.inputs.form import Tensors

# How models say that a text has another number of image tokens than the image has features.
_MISMATCH = re.compile(r"tokens:?\s*(\d+)\D+features:?\s*(\d+)")


def of_each_image(model: Any, images: Tensors, rows: int) -> int:
    """How many features the model makes of the image of one row; 0 where it has no way to say."""
    part = next((part for part in model.modules() if hasattr(part, "get_image_features")), None)
    if part is None:
        return 0
    see = part.get_image_features
    known = inspect.signature(see).parameters
    given = {name: value for name, value in images.items() if name in known}
    with torch.inference_mode():
        seen = see(**(given or images))
    features = seen if isinstance(seen, (torch.Tensor, list, tuple)) else _pooled(seen)
    width = int(model.get_input_embeddings().weight.shape[1])
    return sum(int(value.numel()) for value in _tensors(features)) // width // rows


def missing(error: Exception, rows: int) -> int:
    """How many more image tokens each text should have had, where the model's error says so; else 0."""
    found = _MISMATCH.search(str(error))
    return (int(found[2]) - int(found[1])) // rows if found else 0


def widened(value: torch.Tensor, mask: torch.Tensor, number: int, fill: int) -> torch.Tensor:
    """The rows of a text with `number` more places behind each one's first token, which hold `fill`."""
    if not number:
        return value
    start = mask.argmax(1, keepdim=True) + 1
    place = torch.arange(value.shape[1] + number)[None]
    inside = (place >= start) & (place < start + number)
    source = torch.where(place < start, place, place - number).clamp(0, value.shape[1] - 1)
    return torch.where(inside, fill, value.gather(1, source))


def marked(ids: torch.Tensor, mask: torch.Tensor, marks: list[int]) -> torch.Tensor:
    """The ids with `marks` behind each row's first token, as processors put them around an image."""
    places = mask.argmax(1, keepdim=True) + 1 + torch.arange(len(marks))
    return ids.scatter(1, places, torch.tensor(marks, dtype=ids.dtype).expand(len(ids), -1))


class _Found(Exception):
    """Ends a run of the model once its positions are known."""


def along_image(model: Any) -> bool:
    """Whether the model counts positions along time, height and width of an image, one by one in Python."""
    return _counting(model) is not None


def positions(model: Any, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The positions that the model itself counts for these inputs."""
    part = _counting(model)
    count, found = part.compute_3d_position_ids, list[torch.Tensor]()

    def record(*given: Any, **named: Any) -> None:
        found.append(count(*given, **named))
        raise _Found

    part.compute_3d_position_ids = record
    try:
        with torch.inference_mode():
            model(**inputs, use_cache=False)
    except _Found:
        pass
    finally:
        del part.compute_3d_position_ids
    return found[0]


def _counting(model: Any) -> Any:
    return next((part for part in model.modules() if hasattr(part, "compute_3d_position_ids")), None)


def _pooled(seen: Any) -> Any:
    pooled = getattr(seen, "pooler_output", None)
    return seen.last_hidden_state if pooled is None else pooled


def _tensors(features: Any) -> list[torch.Tensor]:
    if isinstance(features, torch.Tensor):
        return [features]
    return [tensor for each in features if each is not None for tensor in _tensors(each)]
