"""A case of the proof as an exporting worker hands it on: its values in a file, what is known of them as plain JSON.

NumPy only: the interpreter of TensorFlow, which has no PyTorch, writes it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

_THIRD, _FEW_ROWS = 2, 2


class Sized(Protocol):
    """What people are told of a case."""

    @property
    def shape(self) -> str:
        """`batch 2, sequence 33`."""

    @property
    def batch(self) -> int:
        """Items a call."""

    @property
    def timed(self) -> bool:
        """Whether it says something of the cost."""


def is_rounded(index: int, case: Sized) -> bool:
    """Whether the rounding of this case is measured, which costs a slower run more.

    Of the first, and of the third where that is small too: two rows of a short text, but of images five by default.
    """
    return case.timed and (index == 0 or (index == _THIRD and case.batch <= _FEW_ROWS))


def write(
    file: Path,
    case: Sized,
    inputs: Arrays,
    derived: Arrays,
    outputs: Arrays,
    measured: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """Write the values to an .npz; tells what the proof needs to know of them."""
    values = {f"in.{name}": value for name, value in {**derived, **inputs}.items()}
    values |= {f"out.{name}": value for name, value in outputs.items()}
    np.savez(file, allow_pickle=False, **values)
    return {
        "file": str(file),
        "shape": case.shape,
        "batch": case.batch,
        "timed": case.timed,
        "inputs": _sizes(inputs),
        "derived": list(derived),
        "outputs": _sizes(outputs),
        "rounding": dict(measured),
    }


def _sizes(values: Arrays) -> dict[str, list[int]]:
    return {name: list(value.shape) for name, value in values.items()}
