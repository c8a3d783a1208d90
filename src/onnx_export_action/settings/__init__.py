"""Flags, `INPUT_*` and a config file become frozen `Settings`, one a model; nothing after it reads the environment."""

from __future__ import annotations

from onnx_export_action.settings.inputs import Settings
from onnx_export_action.settings.many import all_of, matrix_of
from onnx_export_action.settings.names import default_of, input_names, nearest, request_of, slug
from onnx_export_action.settings.parsing import inputs_from_environment, parse
from onnx_export_action.settings.types import MAX_OPSET, MIN_OPSET

__all__ = [
    "MAX_OPSET",
    "MIN_OPSET",
    "Settings",
    "all_of",
    "default_of",
    "input_names",
    "inputs_from_environment",
    "matrix_of",
    "nearest",
    "parse",
    "request_of",
    "slug",
]
