"""A Transformers checkpoint as a subject: inputs from its configuration, cases by what it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onnx_export_action import tasks
from onnx_export_action.exporters import loading
from onnx_export_action.exporters.axes import Scope
from onnx_export_action.exporters.checkpoint.cached import CachedDecoder
from onnx_export_action.exporters.checkpoint.one_image import OneImage
from onnx_export_action.exporters.checkpoint.parts import EncoderDecoder
from onnx_export_action.exporters.checkpoint.whole import Checkpoint
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.subject import Subject
from onnx_export_action.workers.protocol import Refusal

__all__ = ["Checkpoint", "load"]


def load(path: str, task: str, dtype: str, trust_remote_code: bool, scope: Scope = "one size", **_: Any) -> Subject:
    """The model in a folder, with its tokenizer, for images of this scope."""
    model = loading.load(path, tasks.without_past(task), dtype, trust_remote_code)
    tokenizer, warning = loading.tokenizer(path, trust_remote_code)
    inputs = Inputs(model, tasks.without_past(task), Path(path), tokenizer)
    kind = OneImage if scope == "one image" else _kind(model, task)
    if kind is Checkpoint and scope == "any size":
        inputs.open_sizes()
    subject = kind(model, inputs, loading.DTYPES[dtype], Path(path))
    subject.warnings = (*subject.warnings, *((warning,) if warning else ()))
    subject.task, subject.tokenizer = task, tokenizer
    return subject


def _kind(model: Any, task: str) -> type[Checkpoint]:
    if not tasks.has_past(task):
        return Checkpoint
    if getattr(model.config, "is_encoder_decoder", False):
        return EncoderDecoder
    plain = tasks.without_past(task)
    if plain != "text-generation":
        raise Refusal(
            f"A {model.config.model_type} model has no decoder, so there is no past.", f"Use `task: {plain}`.", "usage"
        )
    return CachedDecoder
