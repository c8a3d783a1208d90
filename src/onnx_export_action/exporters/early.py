"""An export that begins while cases are still being answered: a trace takes one core, answers take the others.

It is made in a fork of the worker, which has the loaded model too. Whatever goes wrong there, or was foreseen wrongly,
is nobody's concern: the file is written anew by the worker itself then, which says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx_export_action.exporters import axes
from onnx_export_action.exporters.axes import Axes, Shapes
from onnx_export_action.exporters.beside import POSSIBLE, Beside
from onnx_export_action.exporters.subject import Subject
from onnx_export_action.exporters.writing import Order

Answered = Sequence[tuple[Shapes, Shapes]]  # of each case the sizes of inputs and outputs


def learned(subject: Subject, answered: Answered) -> Axes:
    """What the answers tell of a subject: its outputs, which it is told, and the dynamic axes of inputs and outputs."""
    subject.module.output_names = tuple(answered[0][1])
    dynamic = axes.answered(subject.axes, [inputs for inputs, _ in answered])
    return {**dynamic, **axes.of_outputs(dynamic, answered)}


class Early:
    """The export of a model of one part."""

    def __init__(self, order: Order, task: str, subject: Subject) -> None:
        self._order, self._task, self._subject = order, task, subject
        self._axes: Axes = {}
        self._beside: Beside | None = None

    def after(self, answered: Answered) -> None:
        """Begin once every axis has had two sizes."""
        if self._beside is not None:
            self._beside.look()
        elif POSSIBLE and answered and axes.all_vary(self._subject.axes, [inputs for inputs, _ in answered]):
            self._axes = learned(self._subject, answered)
            self._beside = Beside(self._write)

    def wrote(self, order: Order, known: Mapping[str, Axes]) -> bool:
        """Wait for its end; whether what is asked for now lies there."""
        if self._beside is None:
            return False
        if (order, {self._subject.name: self._axes}) == (self._order, known) and self._beside.done():
            self._subject.prepare()
            return True
        self._beside.stop()
        self._order.clear()
        return False

    def _write(self) -> None:
        name, subject = self._subject.name, self._subject
        self._order.write({name: subject}, {name: subject.sample(self._axes)}, {name: self._axes}, self._task)
