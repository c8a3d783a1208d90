"""The sizes of a graph's tensors in two runs, each with the axis that it follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from onnx_export_action.validation import places
from onnx_export_action.validation.probe import Axes, Probe

Array = NDArray[Any]
# An axis by its name, or a size that is the same in both runs; empty where it changes with no axis alone.
Dim = str | int

_ANCESTORS = 48
_MOST_VALUES = 16


class Seen:
    """What two runs show of tensors; where the second run does not come so far, the first alone."""

    def __init__(self, probe: Probe, failing: Mapping[str, Array], other: Mapping[str, Array], axes: Axes) -> None:
        self._probe, self._runs = probe, (dict(failing), dict(other))
        self.nodes = probe.nodes
        self._held = {tensor.name: tensor for tensor in probe.model.graph.initializer}
        self._makers = {name: node for node in probe.nodes for name in node.output if name}
        self._sizes = [_sizes(run, axes) for run in self._runs]
        self._known: dict[str, tuple[Array | None, Array | None]] = {}
        scopes = {places.scope_of(node).partition(".")[0] for node in probe.nodes} - {""}
        self.prefix = "model." if scopes == {"model"} else ""  # the module around the model that was exported

    def dims(self, tensor: str) -> list[Dim]:
        """The axis or the size of each dimension."""
        if tensor in self._held:
            return list(self._held[tensor].dims)
        first, second = self._values(tensor)
        if first is None:
            return []
        other = first.shape if second is None or second.ndim != first.ndim else second.shape
        return [self._dim(*pair, alone=second is None) for pair in zip(first.shape, other, strict=True)]

    def entries(self, tensor: str) -> list[Dim]:
        """The same of a tensor that holds sizes; nothing of one that is none."""
        if tensor in self._held:
            value = self._held[tensor]
            known = value.data_type == onnx.TensorProto.INT64 and len(value.dims) < 2 and not value.external_data
            return [int(entry) for entry in np.atleast_1d(numpy_helper.to_array(value))] if known else []
        first, second = self._values(tensor)
        if first is None or first.ndim > 1 or first.dtype != np.int64:
            return []
        other = first if second is None or second.shape != first.shape else second
        pairs = zip(np.atleast_1d(first), np.atleast_1d(other), strict=True)
        return [self._dim(int(a), int(b), alone=second is None) for a, b in pairs]

    def constant(self, tensor: str) -> Array | None:
        """The value of a small constant; None of anything else."""
        held = self._held.get(tensor)
        if held is not None:
            return None if held.external_data else np.asarray(numpy_helper.to_array(held))
        node = self._makers.get(tensor)
        if node is None or node.op_type != "Constant":
            return None
        return next(
            (np.asarray(numpy_helper.to_array(each.t)) for each in node.attribute if each.name == "value"), None
        )

    def look(self, tensors: Iterable[str]) -> None:
        """Run up to these, once for all of them that are not known."""
        wanted = [
            name for name in dict.fromkeys(tensors) if name and name not in self._known and name not in self._held
        ]
        made = [name for name in wanted if name in self._makers]
        found = [self._run(run, made) for run in self._runs]
        for name in wanted:
            values = [answers.get(name, run.get(name)) for answers, run in zip(found, self._runs, strict=True)]
            self._known[name] = (_light(values[0]), _light(values[1]))

    def source(self, tensor: str, size: int) -> tuple[onnx.NodeProto | None, str]:
        """The node that gave a tensor this size whatever came in, where one did, and the constant that has it."""
        self.look(name for node in self._above(tensor) for name in node.input)
        while (node := self._makers.get(tensor)) is not None:
            operands = [name for name in node.input if name]
            varies = any(isinstance(dim, str) for name in operands for dim in self.dims(name))
            handed_on = next((name for name in operands if size in self.dims(name)), None)
            if handed_on is None:
                return (node, "") if varies else (None, tensor)
            if varies and all(isinstance(dim, int) for dim in self.dims(handed_on)):
                return node, self.source(handed_on, size)[1]
            tensor = handed_on
        return None, tensor

    def _dim(self, first: int, second: int, alone: bool) -> Dim:
        labels = [label for label in self._sizes[0] if self._follows(label, first, second, alone)]
        if first != second:
            return labels[0] if labels else ""
        return labels[0] if alone and len(labels) == 1 and first > 1 else first

    def _follows(self, label: str, first: int, second: int, alone: bool) -> bool:
        return self._sizes[0][label] == first and (alone or self._sizes[1].get(label) == second)

    def _values(self, tensor: str) -> tuple[Array | None, Array | None]:
        self.look([tensor])
        return self._known[tensor]

    def _run(self, inputs: dict[str, Array], wanted: list[str]) -> dict[str, Array]:
        if not wanted:
            return {}
        try:
            return self._probe.run(inputs, wanted)
        except Exception:  # this run does not come so far
            return {}

    def _above(self, tensor: str) -> list[onnx.NodeProto]:
        """The nodes behind a tensor, the nearest first, so many that their values are no load."""
        found: list[onnx.NodeProto] = []
        waiting = [tensor]
        while waiting and len(found) < _ANCESTORS:
            node = self._makers.get(waiting.pop(0))
            if node is not None and node not in found:
                found.append(node)
                waiting += [name for name in node.input if name]
        return found


def _light(value: Array | None) -> Array | None:
    """The values of what may be a shape; of anything else the shape alone."""
    if value is None or value.size <= _MOST_VALUES:
        return value
    return np.broadcast_to(np.zeros((), value.dtype), value.shape)


def _sizes(run: Mapping[str, Array], axes: Axes) -> dict[str, int]:
    """Axis to its size in a run."""
    return {
        label: run[name].shape[axis] for name, labels in axes.items() if name in run for axis, label in labels.items()
    }
