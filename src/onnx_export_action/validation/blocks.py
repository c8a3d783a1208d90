"""Arrays block by block: what is computed of them stays in the processor's cache, and no second one as large is made.

An output of 333 tokens over 50,000 words is 67 MB; in float64, with the differences and their squares, it would be ten
times that, and most of the time would go into new pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_VALUES = 1 << 16


def own_mask(mask: Array | None, array: Array) -> Array | None:
    """A mask where it is of an array's first axes, else None: one of a batch alone masks no position."""
    fits = mask is not None and mask.ndim > 1 and array.shape[: mask.ndim] == mask.shape
    return mask if fits else None


def of(arrays: tuple[Array, ...], chosen: Array | None = None) -> Iterator[tuple[Array, ...]]:
    """The same places of arrays of one shape, flat; with truth values for the first axes, only where they are true."""
    if chosen is None:
        flat = [array.reshape(-1) for array in arrays]
        for start in range(0, flat[0].size, _VALUES):
            yield tuple(array[start : start + _VALUES] for array in flat)
        return
    places = np.flatnonzero(chosen)
    rows = [array.reshape(chosen.size, -1) for array in arrays] if places.size else []
    at_once = max(1, _VALUES // max(1, rows[0].shape[1])) if rows else 1
    for start in range(0, places.size, at_once):
        yield tuple(array[places[start : start + at_once]].reshape(-1) for array in rows)


def across(values: Array, mask: Array | None = None) -> Iterator[tuple[Array, Array]]:
    """Whole columns over the first axis, and where a mask of the first axes is 1: [rows, places, values], alike."""
    if not values.size:
        return
    rows = len(values) if values.ndim else 1
    places = (values if mask is None else mask).size // rows
    each = values.reshape(rows, places, -1)
    kept = np.ones((rows, places), dtype=bool) if mask is None else mask.reshape(rows, places) == 1
    at_once = max(1, _VALUES // (rows * each.shape[2]))
    for start in range(0, places, at_once):
        block = each[:, start : start + at_once]
        yield block, np.broadcast_to(kept[:, start : start + at_once, None], block.shape)
