"""A model that computes with the number and sizes of its images in Python: a file for one image of one size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.checkpoint.whole import Checkpoint
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.exporters.subject import SEED


class OneImage(Checkpoint):
    """A model whose file takes one image of one size, with texts of any length where it reads one."""

    _inputs: Inputs
    fixable = False

    def __init__(self, model: Any, inputs: Inputs, dtype: torch.dtype, folder: Path) -> None:
        constants = inputs.fix()
        super().__init__(model, inputs, dtype, folder)
        self.module = NamedModule(model, inputs.names, constants=constants)
        self.warnings = (_one_image(inputs.make(Case(1, 6), SEED), constants),)

    def _plan(self) -> tuple[Case, ...]:
        self._batches = (1,)
        if self._inputs.modality == "text":
            return self._texts(self._batches, self._lengths, self._reach())
        return tuple(Case(1, length) for length in self._lengths)

    def _sample(self) -> Case:
        return replace(super()._sample(), batch=1)


def _one_image(made: dict[str, torch.Tensor], constants: dict[str, torch.Tensor]) -> str:
    """The warning that goes with such a file."""
    seen = [f"{name} {tuple(made[name].shape)}" for name in made if name.startswith("pixel")]
    left = f" It takes no {' and no '.join(constants)}: they are part of it." if constants else ""
    return (
        f"The file takes one image of one size ({', '.join(seen)}): this model computes with the number and the size "
        f"of its images in Python, which an export fixes.{left}"
    )
