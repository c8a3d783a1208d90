"""`example-inputs`, `requirements`, `samples`: there, of a kind that can be read, and for a model that uses them."""

from __future__ import annotations

import os
from pathlib import Path

from onnx_export_action import tasks
from onnx_export_action.errors import UsageError
from onnx_export_action.records import Model
from onnx_export_action.samples import reading
from onnx_export_action.samples.wrong import WrongSamples
from onnx_export_action.settings import Settings

_USED_BY = {"example_inputs": ("module", "program", "torchscript", "savedmodel", "keras"), "requirements": ("module",)}


def check(model: Model, settings: Settings) -> None:
    """Refuse a file that is not there, or that this model has no use for."""
    for field, kinds in _USED_BY.items():
        given, name = getattr(settings, field), field.replace("_", "-")
        if given is None:
            continue
        if model.kind not in kinds:
            raise UsageError(
                f"{name}: the model {model.id[:80]!r} has no use for it.",
                f"Leave `{name}` out, or name a `file.py:factory` as `model`.",
            )
        if not os.path.isfile(settings.workspace / given):
            raise UsageError(f"{name}: {given[:120]!r} is no file of the workspace.", "Paths start at the workspace.")
    if settings.example_inputs is not None and not settings.example_inputs.endswith((".npz", ".json")):
        raise UsageError(
            f"example-inputs: {settings.example_inputs[:120]!r} is neither an .npz nor a .json file.",
            "Save the inputs with `numpy.savez`, or write them as JSON: docs/sources.md shows both.",
        )
    if settings.samples_path is not None:
        _check_samples(model, settings.samples_path, settings.onnx_file is not None)


def _check_samples(model: Model, path: Path, one_file: bool) -> None:
    """Every line is read and every file is there before anything is loaded."""
    if model.kind != "transformers":
        raise UsageError(
            f"samples: the model {model.id[:80]!r} has no tokenizer or processor that could read them.",
            "Leave `samples` out, or name a folder written by `save_pretrained` or a Hub id as `model`.",
        )
    if one_file and tasks.has_several_files(model.task):
        raise UsageError(
            f"samples: `onnx-file` is one of the files that answer {model.task} together, and none of them does alone.",
            "Leave `samples` out.",
        )
    try:
        reading.read(path, model.task)
    except WrongSamples as wrong:
        raise UsageError(wrong.message, wrong.remedy) from None
