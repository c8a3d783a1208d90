"""The name of a job's artifact: by it the next run finds what this one left."""

from __future__ import annotations

from onnx_export_action.settings import Settings, slug


def name_for(model: str, settings: Settings) -> str:
    """The name asked for, or the model's."""
    return settings.artifact_name or f"{slug(model)}-onnx"
