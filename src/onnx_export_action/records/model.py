"""What is exported."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onnx_export_action.records.base import File, Record

Kind = Literal["transformers", "onnx", "module", "program", "torchscript", "savedmodel", "keras"]
Framework = Literal["pytorch", "tensorflow"]

FRAMEWORKS: dict[str, str] = {"pytorch": "PyTorch", "tensorflow": "TensorFlow"}
_OF_TENSORFLOW = ("savedmodel", "keras")


class Model(Record):
    """What was exported: a local, pinned model and the task it was loaded for."""

    id: str = Field(description="The model as the user named it.")
    path: str = Field(description="The local folder or file; never shown in the report.", exclude=True)
    kind: Kind = Field(
        "transformers",
        description="`module`: what a callable in a Python file returns; `program`: saved by torch.export; "
        "`savedmodel`, `keras`: TensorFlow's; `onnx`: a ready file.",
    )
    entry: str = Field("", description="The callable of a Python file.", exclude=True)
    revision: str | None = Field(None, description="The full commit of a Hub model.")
    task: str
    architecture: str = Field(description="The model class, or `onnx` for a ready file.")
    model_type: str = ""
    weights: tuple[File, ...] = ()

    @property
    def framework(self) -> Framework:
        """What gives the model's own answers."""
        return "tensorflow" if self.kind in _OF_TENSORFLOW else "pytorch"

    @property
    def weight_bytes(self) -> int:
        """Size of the weights on disk, in bytes."""
        return sum(file.size_bytes for file in self.weights)
