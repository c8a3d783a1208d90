"""A TorchScript file (.pt, .ts): the program is in it, its example inputs are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters.custom import dynamic, examples, files, nesting
from onnx_export_action.exporters.custom.module import CallModule
from onnx_export_action.exporters.custom.subject import CustomSubject


def load(path: str, examples_file: str | None, dtype: str, **_: Any) -> CustomSubject:
    """The script's module, called with the inputs in a file."""
    files.check_dtype(dtype)
    with files.readable(Path(path), "TorchScript"):
        model = torch.jit.load(path, map_location="cpu").eval()
    if not examples_file:
        raise files.no_examples(Path(path))
    parameters = tuple(argument.name for argument in model.forward.schema.arguments)[1:]
    places, example = nesting.of(examples.as_call(examples.read(Path(examples_file)), parameters), parameters)
    return CustomSubject(CallModule(model, places), example, dynamic.given_or_guessed(None, example), Path(path).parent)
