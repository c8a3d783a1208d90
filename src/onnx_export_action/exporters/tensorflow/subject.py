"""A TensorFlow function with the inputs that prove it: every open axis at several sizes, every id of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom import sizes
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.exporters.custom.trying import Trying
from onnx_export_action.exporters.tensorflow import dynamic, inputs, tables
from onnx_export_action.exporters.tensorflow.function import Function
from onnx_export_action.exporters.tensorflow.inputs import BATCH, Arrays
from onnx_export_action.workers.protocol import Refusal

SEED = 2026

_MOST_IDS = 8192
_EXAMPLE = "Set `example-inputs` to an .npz or JSON file with inputs that it takes."


@dataclass(frozen=True)
class Trial:
    """One set of inputs for the proof, and its sizes for people: `batch 2, sequence_length 33`."""

    shape: str
    batch: int
    inputs: Arrays
    timed: bool = True


class TensorFlowSubject:
    """A loaded model; `given` are the user's example inputs."""

    def __init__(self, function: Function, given: Any) -> None:
        self.function, self.notes, self.warnings = function, tuple[str, ...](), tuple[str, ...]()
        self._given = None if given is None else inputs.checked(given, function.shapes, function.dtypes)
        self._open = dynamic.named_apart_by(dynamic.open_axes(function.shapes), self._given)
        self.own = inputs.own_sizes(self._open, self._given)
        self._tables: dict[str, int] = {}
        if self._given is None:
            self._tables = tables.sizes(self._made(self.own, 0), function.answer)
        self._check_example()
        self._open = dynamic.named_apart(self._open, self.own, self._accepts)
        self.own = inputs.own_sizes(self._open, self._given)
        self.axes, self.fixed = self._open, dict[str, dict[int, str]]()

    def trials(self, batch_sizes: Sequence[int], lengths: Sequence[int]) -> Iterator[Trial]:
        """The model's own sizes, each axis alone at others, all at once; other values; every id."""
        trying = Trying(self.own, self._made(self.own, 0), self._answerable)
        if refused := trying.find(batch_sizes, lengths):
            self.axes, self.fixed = dynamic.split(self._open, refused)
            self.warnings = (dynamic.sentence(self.fixed),)
        for wanted, values in trying.cases():
            yield Trial(sizes.describe(wanted) or "fixed shapes", wanted.get(BATCH, 1), values)
        if not self.axes:
            yield Trial("fixed shapes, other values", 1, self._made(self.own, 1))
        if self._tables and all(BATCH in self.axes.get(name, {}).values() for name in self.function.shapes):
            yield self._every_id()

    def _every_id(self) -> Trial:
        values = inputs.with_every_id(self._made(self.own, 0), self._tables, _MOST_IDS)
        self.notes = tuple(
            f"{_MOST_IDS:,} of the {size:,} ids of {name} were tried, spread evenly."
            for name, size in self._tables.items()
            if size > _MOST_IDS
        )
        rows = len(next(iter(values.values())))
        return Trial(f"batch {rows}, every id", rows, values, timed=False)

    def _check_example(self) -> None:
        values = self._made(self.own, 0)
        try:
            first, second = self.function.answer(values), self.function.answer(values)
        except Exception as error:  # TensorFlow raises its own types
            which = "its example inputs" if self._given else "inputs that were made by its signature"
            said = diagnosis.first_sentence(str(error), 250)
            raise Refusal(f"The model fails on {which}: {said}", _EXAMPLE, "usage") from error
        for name, value in first.items():
            if not np.allclose(value, second[name], rtol=1e-3, atol=1e-5, equal_nan=True):
                raise Refusal(
                    f"The model gives another `{name}` each time for the same inputs, so nothing can be proven.",
                    "Save it without what draws random numbers.",
                    "usage",
                )

    def _accepts(self, axes: Axes, wanted: Sizes) -> bool:
        return self._answers(self._at(axes, wanted, 0)) is not None

    def _answerable(self, wanted: Sizes) -> Arrays | None:
        """Inputs of these sizes that the model answers; None where it refuses."""
        return self._answers(self._at(self._open, wanted, sum(wanted.values())))

    def _answers(self, values: Arrays) -> Arrays | None:
        try:
            self.function.answer(values)
        except Exception:  # TensorFlow raises its own types; the size is refused, whatever for
            return None
        return values

    def _made(self, wanted: Sizes, more: int) -> Arrays:
        return self._given if self._given is not None and not more else self._at(self._open, wanted, more)

    def _at(self, axes: Axes, wanted: Sizes, more: int) -> Arrays:
        if self._given is not None:
            return inputs.resized(self._given, axes, wanted, SEED + more)
        function = self.function
        return inputs.made(function.shapes, function.dtypes, axes, wanted, self._tables, SEED + more)
