"""Wrong files of models with the usual initialisation of 0.02, whose answers hardly move."""

from __future__ import annotations

import numpy as np

from tests.integration.wrong import decoder, text, vision
from tests.integration.wrong.edits import Edit, row, weight

_OF_TEXT = (
    "classifier scaled by a thousandth",
    "last row of the words",
    "position table cut",
    "a layer dropped",
    "mask of -1",
    "batch leaking",
)
_OF_A_DECODER = ("a row of the words", "past forgotten", "positions ignored", "the future seen", "batch leaking")

TEXT: dict[str, tuple[Edit, str]] = {label: text.WRONG[label] for label in _OF_TEXT}
DECODER: dict[str, tuple[Edit, str]] = {label: decoder.WRONG[label] for label in _OF_A_DECODER}
VIT: dict[str, tuple[Edit, str]] = {
    "one position": (weight("position_embeddings", lambda array: np.roll(array + _steps(array), 1, axis=1)), "differs"),
    "colours exchanged": vision.VIT["colours exchanged"],
    "classes exchanged": (row("classifier.weight", 2), "differs"),
}


def _steps(array: np.ndarray) -> np.ndarray:
    """Positions begin as zeros in an untrained ViT."""
    return np.linspace(0, 0.02, array.size, dtype=array.dtype).reshape(array.shape)
