"""What is exported."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onnx_export_action.records.base import File, Record


class Model(Record):
    """What was exported: a local, pinned model and the task it was loaded for."""

    id: str = Field(description="The model as the user named it.")
    path: str = Field(description="The local folder or .onnx file; never shown in the report.", exclude=True)
    kind: Literal["transformers", "onnx"] = "transformers"
    revision: str | None = Field(None, description="The full commit of a Hub model.")
    task: str
    architecture: str = Field(description="The model class, or `onnx` for a ready file.")
    model_type: str = ""
    weights: tuple[File, ...] = ()

    @property
    def weight_bytes(self) -> int:
        """Size of the weights on disk, in bytes."""
        return sum(file.size_bytes for file in self.weights)
