"""What the file holds, read from its structure alone."""

from __future__ import annotations

from pydantic import Field

from onnx_export_action.records.base import Record


class Tensor(Record):
    """An input or output of the graph; an axis is a size or the name of a dynamic axis."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


class Graph(Record):
    """What the file holds, read from its structure alone."""

    nodes: int
    operators: dict[str, int]
    initializers: int
    parameters: int = Field(description="Number of elements over all initializers.")
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    external_files: tuple[str, ...] = Field(
        (), description="The files that hold external data, as the graph names them."
    )
