"""What the exporting worker works on: a model as named tensors, with the inputs that prove and export it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.module import NamedModule

SEED = 2026


@dataclass(frozen=True)
class Trial:
    """One set of inputs for the proof, and its sizes for people: `batch 2, sequence 33`."""

    shape: str
    batch: int
    inputs: dict[str, torch.Tensor]
    derived: dict[str, torch.Tensor] = field(default_factory=dict)  # what the model makes itself; a file may ask for it
    required: bool = True  # False: sizes that the model itself may refuse
    timed: bool = True  # False: a corner that says nothing of the cost
    answered: Mapping[str, torch.Tensor] | None = None  # where the model has been asked already


@dataclass(frozen=True)
class Table:
    """The vectors that token ids look up, by the hash of their bytes, and the ids that mean something else."""

    hashes: tuple[str, ...]
    known: tuple[int, ...]


class Subject(Protocol):
    """A loaded model; each kind of source has its own."""

    name: str  # of its file, without the ending
    others: tuple[Subject, ...]  # what is written to files of its own beside the main one
    module: NamedModule
    architecture: str
    warnings: tuple[str, ...]
    notes: tuple[str, ...]  # what the trials do not try
    folder: Path

    @property
    def fixable(self) -> bool:
        """Whether a file for one image of one size may be tried where no other holds."""

    @property
    def axes(self) -> Axes:
        """The axes of the inputs that should be dynamic: input name to axis number to the axis's name."""

    def trials(self, batch_sizes: Sequence[int], lengths: Sequence[int]) -> Iterator[Trial]:
        """The cases of the proof, one after the other."""

    def sample(self, axes: Axes, /) -> dict[str, torch.Tensor]:
        """The inputs of the export itself, of sizes that no case has; `axes` are those that the trials left."""

    def masked(self, outputs: Sequence[str], axes: Axes, /) -> list[str]:
        """The outputs that answer for each position of a text, so that padding says nothing."""

    @property
    def tables(self) -> dict[str, Table]:
        """What the model's inputs of token ids look up, by the input's name."""

    def every_token(self) -> tuple[Trial | None, str]:
        """A trial of the whole vocabulary, for a file whose table of tokens is not the model's; what it leaves out."""

    def generations(self, folder: Path, /) -> list[dict[str, Any]]:
        """Texts that the model writes itself, for a file with a cache to write again."""

    def typed(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Inputs that were kept in a file, in the model's precision."""

    def prepare(self) -> None:
        """What has to be switched off before the export."""
