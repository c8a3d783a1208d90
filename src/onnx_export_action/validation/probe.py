"""A copy of a file to look inside: other outputs, open axes, no optimisation; the weights are not copied."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from onnx_export_action.validation import nodes, structure
from onnx_export_action.validation.session import Session

Array = NDArray[Any]
Axes = Mapping[str, Mapping[int, str]]

_NAMELESS = "probe_"
_STOPPED = re.compile(r"while running \w+ node\. Name:'([^']*)'")


class Probe:
    """The graph in `model`, and runs of it up to any of its tensors."""

    def __init__(self, file: Path, folder: Path) -> None:
        self.model = structure.read(file)
        self.outputs = tuple(value.name for value in self.model.graph.output)
        self._copy = folder / file.name
        self.nodes = list(self.model.graph.node)
        for place, node in enumerate(self.nodes):
            node.name = node.name or f"{_NAMELESS}{place}"  # so that the runtime can say where it stops
        for name in structure.graph(self.model).external_files:
            _beside(file.parent / name, folder / name)

    def open(self, axes: Axes) -> None:
        """Let these axes of the inputs have any size, and forget what the file says of tensors behind them."""
        for value in self.model.graph.input:
            dims = value.type.tensor_type.shape.dim
            for axis, label in axes.get(value.name, {}).items():
                dims[axis].dim_param = label
        del self.model.graph.value_info[:]

    def run(self, inputs: dict[str, Array], wanted: Sequence[str]) -> dict[str, Array]:
        """These tensors of the graph; what runs after them is left out."""
        return self._session(wanted).run(inputs)

    def stops_at(self, inputs: dict[str, Array]) -> onnx.NodeProto | None:
        """The node that fails, None where all run; an error that names no node is raised."""
        try:
            self.run(inputs, self.outputs)
        except Exception as error:  # ONNX Runtime raises its own types, and they are the answer here
            named = _STOPPED.search(str(error))
            at = (node for node in self.nodes if named and node.name == named[1])
            stopped: onnx.NodeProto | None = next(at, None)
            if stopped is None:
                raise
            return stopped
        return None

    def _session(self, wanted: Sequence[str]) -> Session:
        graph, needed = self.model.graph, nodes.needed(self.nodes, set(wanted))
        del graph.output[:], graph.node[:]
        graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
        graph.node.extend(needed)
        self._copy.write_bytes(self.model.SerializeToString())
        return Session(self._copy, 1, optimised=False)


def name_of(node: onnx.NodeProto) -> str:
    """The name that the file gives it; empty where it gives none."""
    return "" if node.name.startswith(_NAMELESS) else str(node.name)


def _beside(source: Path, target: Path) -> None:
    """The weights under another name where the file system allows that, else a copy of them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
