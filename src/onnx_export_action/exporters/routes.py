"""What every route takes and gives; a new route is one module with an `export` and one line in `ROUTES`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from onnx_export_action.exporters.files import EXTERNAL_ABOVE_BYTES
from onnx_export_action.exporters.lean.importing import complete
from onnx_export_action.exporters.module import NamedModule

# A route's module is imported when it is chosen: each needs libraries that another interpreter may not have.
ROUTES = {
    "optimum": "onnx_export_action.exporters.optimum",
    "transformers": "onnx_export_action.exporters.transformers",
    "torch": "onnx_export_action.exporters.dynamo",
    "torchscript": "onnx_export_action.exporters.torchscript",
}


@dataclass(frozen=True)
class Job:
    """One export: a loaded module, sample inputs in the order of its names, and where the file goes."""

    module: NamedModule
    sample: dict[str, Any]
    axes: dict[str, dict[int, str]]  # of inputs and outputs: axis number to the name of a dynamic axis
    task: str
    opset: int
    file: Path
    source: Path

    @property
    def external_data(self) -> str | None:
        """The name of the data file when the weights are too large for one file, for exporters that can choose."""
        parameters = {id(tensor): tensor for tensor in self.module.state_dict().values()}
        size = sum(tensor.numel() * tensor.element_size() for tensor in parameters.values())
        return f"{self.file.name}_data" if size > EXTERNAL_ABOVE_BYTES else None


class Route(Protocol):
    """A module of this package that can write a Job's file."""

    def export(self, job: Job) -> None:
        """Write `job.file`, large weights beside it; raises whatever the exporter raises."""


def route(name: str) -> Route:
    """The route's module."""
    if name != "torchscript":  # the others follow shapes instead of values
        complete()
    return cast(Route, importlib.import_module(ROUTES[name]))
