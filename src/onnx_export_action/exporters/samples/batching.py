"""Samples put together as they are deployed: padded where the model has a mask for it, alone where it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onnx_export_action.exporters.samples.encoding import Encoded


@dataclass(frozen=True)
class Batch:
    """Some samples, by their numbers, as the model's inputs; of texts, the places that have an answer."""

    samples: tuple[int, ...]
    inputs: dict[str, torch.Tensor]
    answered: NDArray[np.bool_] | None = None


def texts(encoded: Iterable[Encoded], tokenizer: Any, rows: int, side: str) -> Iterator[Batch]:
    """Batches of so many rows, padded by the tokenizer; rows of one length where it has no padding token."""
    for numbers, together in _grouped(encoded, lambda each: tokenizer.pad_token or len(each.ids), rows):
        made = _padded(tokenizer, together, side)
        answered = np.zeros(tuple(made["input_ids"].shape), dtype=bool)
        for row, each in enumerate(together):
            answered[row, np.asarray(made["attention_mask"][row]) == 1] = each.answered
        yield Batch(numbers, made, answered)


def files(encoded: Iterable[Encoded], rows: int, masked: bool) -> Iterator[Batch]:
    """Images and sounds of one size together; sounds of other lengths too where a mask says where they end."""
    for numbers, together in _grouped(encoded, lambda each: masked or _shapes(each), rows):
        names = together[0].inputs
        yield Batch(numbers, {name: _stacked([each.inputs[name] for each in together]) for name in names})


def _grouped(
    encoded: Iterable[Encoded], kind: Callable[[Encoded], Any], rows: int
) -> Iterator[tuple[tuple[int, ...], list[Encoded]]]:
    """Neighbours of one kind with their numbers, at most so many; no more of them are held at a time."""
    numbered = enumerate(encoded)
    for _, alike in groupby(numbered, key=lambda pair: kind(pair[1])):
        while group := list(islice(alike, rows)):
            yield tuple(number for number, _ in group), [each for _, each in group]


def _shapes(encoded: Encoded) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(value.shape) for value in encoded.inputs.values())


def _padded(tokenizer: Any, together: Sequence[Encoded], side: str) -> dict[str, torch.Tensor]:
    own = tokenizer.padding_side
    tokenizer.padding_side = side
    try:
        padding = tokenizer.pad_token is not None
        padded = tokenizer.pad([each.inputs for each in together], padding=padding, return_tensors="pt")
    finally:
        tokenizer.padding_side = own
    return dict(padded)


def _stacked(values: list[torch.Tensor]) -> torch.Tensor:
    """One row each, zeros behind those that end earlier; whole numbers as the file takes them, in 64 bits."""
    stacked = torch.nn.utils.rnn.pad_sequence(values, batch_first=True)
    return stacked if stacked.is_floating_point() else stacked.long()
