"""The name of a job's artifact: by it the next run finds what this one left."""

from __future__ import annotations

import re

from onnx_export_action.settings import Settings

_LONGEST_NAME = 100


def name_for(model: str, settings: Settings) -> str:
    """The name asked for, or the model's."""
    return settings.artifact_name or f"{slug(model)}-onnx"


def slug(model: str) -> str:
    """A model's name in characters that every server takes, never with two dashes in a row."""
    allowed = re.sub(r"[^A-Za-z0-9._]+", "-", model.removesuffix(".onnx")).strip("-._")
    return allowed[:_LONGEST_NAME].rstrip("-._") or "model"
