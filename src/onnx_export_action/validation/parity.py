"""Compare one output with the reference; pure NumPy.

An element passes when |actual - expected| <= atol x scale + rtol x |expected|, with scale the
root mean square of the reference output where the limit is the default one: an output of
size 1000 does not fail for rounding, and one of size 0.001 cannot hide an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Parity

Array = NDArray[Any]

_DEFAULTS = {"fp32": 1e-4, "fp16": 1e-2, "bf16": 6e-2}
# A reference that is zero everywhere has no magnitude to scale by.
_SMALLEST_SCALE = 1e-6


@dataclass(frozen=True)
class Limits:
    """Absolute and relative limit; `scaled` multiplies the absolute one by the reference's magnitude."""

    atol: float
    rtol: float
    scaled: bool


def limits(dtype: str, atol: float | None, rtol: float | None) -> Limits:
    """The user's limits, or the defaults of the dtype."""
    default = _DEFAULTS[dtype]
    return Limits(default if atol is None else atol, default if rtol is None else rtol, scaled=atol is None)


def compare(name: str, expected: Array, actual: Array, limit: Limits, mask: Array | None = None) -> Parity:
    """The difference of one output; with a mask of its first axes, only where the mask is 1.

    At padded positions a model answers nothing that anyone reads, and exporters rightly differ there.
    """
    atol, shape = limit.atol, tuple(int(size) for size in expected.shape)
    if expected.shape != actual.shape:
        return _incomparable(name, shape, limit, f"shape {tuple(actual.shape)} instead of {shape}")
    if mask is not None and mask.ndim > 1 and expected.shape[: mask.ndim] == mask.shape:
        expected, actual = expected[mask == 1], actual[mask == 1]
    if expected.size == 0:
        return _incomparable(name, shape, limit, "the reference output is empty")
    if not np.isfinite(expected).all():
        return _incomparable(name, shape, limit, "the reference itself is not finite")
    if not np.isfinite(actual).all():
        return _incomparable(name, shape, limit, f"{int((~np.isfinite(actual)).sum())} values are NaN or infinite")
    if limit.scaled:
        atol *= max(_SMALLEST_SCALE, float(np.sqrt(np.mean(np.square(expected, dtype=np.float64)))))
    return _measure(name, shape, expected.astype(np.float64), actual.astype(np.float64), atol, limit.rtol)


def _measure(name: str, shape: tuple[int, ...], expected: Array, actual: Array, atol: float, rtol: float) -> Parity:
    difference, magnitude = np.abs(actual - expected), np.abs(expected)
    within = difference <= atol + rtol * magnitude
    outside = int((~within).sum())
    relative = np.divide(difference, magnitude, out=np.zeros_like(difference), where=magnitude > 0)
    return Parity(
        output=name,
        passed=outside == 0,
        shape=shape,
        max_abs_diff=float(difference.max()),
        max_rel_diff=float(relative.max()),
        atol=atol,
        rtol=rtol,
        detail=f"{outside} of {within.size} values are outside the limit" if outside else "",
    )


def _incomparable(name: str, shape: tuple[int, ...], limit: Limits, detail: str) -> Parity:
    return Parity(output=name, passed=False, shape=shape, atol=limit.atol, rtol=limit.rtol, detail=detail)


def unknown(name: str, actual: Array, limit: Limits) -> Parity:
    """An output that the model does not have: nothing says that it is right, so it does not pass."""
    shape = tuple(int(size) for size in actual.shape)
    return Parity(
        output=name,
        passed=None,
        shape=shape,
        atol=limit.atol,
        rtol=limit.rtol,
        detail="the model has no output of this name",
    )
