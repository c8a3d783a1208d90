"""A form: one way in which a model may be given what it sees, hears or reads beside its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.cases import Case

Tensors = dict[str, torch.Tensor]
Maker = Callable[[Case, torch.Generator], Tensors]


@dataclass(frozen=True)
class Form:
    """Names with their dynamic axes, and values at a case's sizes; `geometry` are those that say how large it is."""

    kind: Literal["image", "sound", "series"]
    axes: Axes
    make: Maker
    geometry: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that it makes."""
        return tuple(self.axes)
