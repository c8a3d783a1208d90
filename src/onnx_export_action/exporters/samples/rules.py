"""What the task's answer is among a model's outputs; runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch

from onnx_export_action import tasks

# label: the greatest score; labels: every score above zero; places: the greatest of each place; sequence: the same,
# read as one text; span: a start and an end; values: the output itself, within the limits.
Kind = Literal["label", "labels", "places", "sequence", "span", "values"]

_KINDS: dict[str, Kind] = {
    "text-classification": "label",
    "image-classification": "label",
    "audio-classification": "label",
    "token-classification": "places",
    "audio-frame-classification": "places",
    "fill-mask": "places",
    "text-generation": "places",
    "object-detection": "places",
    "image-segmentation": "places",
    "semantic-segmentation": "places",
    "text2text-generation": "sequence",
    "automatic-speech-recognition": "sequence",
}
_SCORES = ("logits", "class_queries_logits")
_VECTORS = "embeddings"  # of a speaker, beside the scores that it was trained by


@dataclass(frozen=True)
class Rule:
    """The kind of answer, the output that holds it, and the axis of its choices; of a span also the end's output."""

    kind: Kind
    output: str
    axis: int = -1
    end: str = ""


def of(task: str, config: Any, outputs: Mapping[str, torch.Tensor]) -> Rule:
    """The rule for a task, by the outputs that the model really has."""
    if "start_logits" in outputs and "end_logits" in outputs:
        return Rule("span", "start_logits", end="end_logits")
    scores = next((name for name in _SCORES if name in outputs), None)
    kind = _KINDS.get(tasks.without_past(task))
    if kind is None or scores is None or outputs[scores].ndim < 2:
        vectors = (name for name, value in outputs.items() if value.is_floating_point())
        return Rule("values", _VECTORS if _VECTORS in outputs else next(vectors))
    if kind == "label":
        return Rule(_of_labels(config, outputs[scores].shape[-1]), scores)
    return Rule(kind, scores, axis=1 if outputs[scores].ndim > 3 else -1)


def _of_labels(config: Any, labels: int) -> Kind:
    """One label, a set of them, or, with a single score, a number."""
    if labels == 1 or getattr(config, "problem_type", None) == "regression":
        return "values"
    return "labels" if getattr(config, "problem_type", None) == "multi_label_classification" else "label"
