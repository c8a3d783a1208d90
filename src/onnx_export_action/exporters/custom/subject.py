"""A module with example inputs as a subject: the axes that are declared or found, and inputs of other sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom import dynamic, resize, sizes
from onnx_export_action.exporters.custom.dynamic import Open
from onnx_export_action.exporters.custom.module import CallModule
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.exporters.custom.trying import Trying
from onnx_export_action.exporters.subject import SEED, Table, Trial
from onnx_export_action.workers.protocol import Refusal

Tensors = dict[str, torch.Tensor]
Maker = Callable[[Sizes], Tensors | None]


class CustomSubject:
    """What is not a checkpoint; `maker` makes inputs of given sizes where the user's own function can."""

    fixable = False

    def __init__(
        self, module: CallModule, example: Tensors, axes: Open, folder: Path, maker: Maker = lambda _: None
    ) -> None:
        self.module, self.folder, self.architecture = module, folder, type(module.model).__name__
        self.name, self.others = "model", ()
        self.warnings: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.tables: dict[str, Table] = {}  # which of its inputs are tokens, nobody said
        self._example, self._maker = example, maker
        self._open, self._axes = axes, axes.axes
        self._check_example()
        self._own = dynamic.sizes_of(self._axes, example)
        self._trying = Trying(self._own, example, self._answerable)

    @property
    def axes(self) -> Axes:
        """Those of the axes that the module was found to accept at other sizes."""
        return self._axes

    def trials(self, batch_sizes: Sequence[int], lengths: Sequence[int]) -> Iterator[Trial]:
        """The example itself, each axis alone at other sizes, and all axes at once."""
        self._settle(self._trying.find(batch_sizes, lengths))
        for wanted, inputs in self._trying.cases():
            batch = next((size for axis, size in wanted.items() if sizes.is_batch(axis)), 1)
            yield Trial(sizes.describe(wanted) or "the example inputs", batch, inputs)

    def every_token(self) -> tuple[Trial | None, str]:
        """None, for the same reason."""
        return None, ""

    def sample(self, _axes: Axes, /) -> Tensors:
        """The inputs of the export, every axis at a size of its own."""
        return self._trying.sample()

    def masked(self, _outputs: Sequence[str], _axes: Axes, /) -> list[str]:
        """None: what its masks mean, nobody said."""
        return []

    def generations(self, _folder: Path, /) -> list[dict[str, Any]]:
        """None."""
        return []

    def typed(self, inputs: Tensors) -> Tensors:
        """The inputs in the precision of the example."""
        return {name: value.to(self._example[name].dtype) for name, value in inputs.items()}

    def prepare(self) -> None:
        """Nothing to switch off."""

    def _check_example(self) -> None:
        try:
            first, second = self.module.answer(self._example), self.module.answer(self._example)
        except Exception as error:
            raise Refusal(
                f"The model fails on its own example inputs: {type(error).__name__}: {_first(error)}",
                "Correct the example inputs: a tuple is given by position, a dictionary by the names of `forward`.",
                "usage",
            ) from error
        for name, value in first.items():
            if not torch.allclose(value.double(), second[name].double(), rtol=1e-3, atol=1e-5, equal_nan=True):
                raise Refusal(
                    f"The model gives another `{name}` each time for the same inputs, so nothing can be proven.",
                    "Draw no random numbers in `forward` once the module is in evaluation mode.",
                    "usage",
                )

    def _settle(self, refused: list[str]) -> None:
        if refused and self._open.origin == "declared":
            raise Refusal(
                f"`dynamic_axes` names {refused[0]!r}, but the model itself answers at no other size than "
                f"{self._own[refused[0]]}: {self._last_refusal}",
                "Correct `dynamic_axes`, or let `example_inputs` take the axis as a parameter and make fitting inputs.",
                "usage",
            )
        self._axes = dynamic.without(self._axes, refused)
        if refused or self._open.origin == "guessed":
            self.warnings = (dynamic.sentence(self._axes, self._open.origin),)

    def _answerable(self, wanted: Sizes) -> Tensors | None:
        """Inputs of these sizes that the model answers; None where it refuses."""
        for inputs in self._made(wanted):
            try:
                self.module.answer(inputs)
            except Exception as error:
                self._last_refusal = _first(error)
            else:
                return inputs
        return None

    def _made(self, wanted: Sizes) -> Iterator[Tensors]:
        seed = SEED + sum(wanted.values())
        own = self._maker(wanted)
        if own is not None:
            yield own
            return
        yield resize.to(self._example, self._axes, wanted, seed, drawn=True)
        yield resize.to(self._example, self._axes, wanted, seed, drawn=False)


def _first(error: BaseException) -> str:
    return diagnosis.first_sentence(str(error) or type(error).__name__, 200)
