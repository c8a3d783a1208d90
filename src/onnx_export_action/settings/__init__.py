"""Flags and `INPUT_*` become one frozen, validated `Settings`; nothing after this room reads the environment."""

from __future__ import annotations

from onnx_export_action.settings.inputs import Settings
from onnx_export_action.settings.names import default_of, input_names, nearest, request_of
from onnx_export_action.settings.parsing import inputs_from_environment, parse
from onnx_export_action.settings.types import MAX_OPSET, MIN_OPSET

__all__ = [
    "MAX_OPSET",
    "MIN_OPSET",
    "Settings",
    "default_of",
    "input_names",
    "inputs_from_environment",
    "nearest",
    "parse",
    "request_of",
]
