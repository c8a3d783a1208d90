"""Averages over as many windows as are asked for, of images of any size: the tracer writes them for one size alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Own = Callable[..., Any]


def averaging(own: Own) -> Own:
    """`adaptive_avg_pool2d` by a product with the weights of the rows, and one with those of the columns."""

    def pool(images: torch.Tensor, output_size: Any) -> Any:
        sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
        if not torch.jit.is_tracing() or tuple(sizes) == (1, 1) or not all(isinstance(size, int) for size in sizes):
            return own(images, output_size)
        rows, columns = (_weights(images.shape[axis - 2], size) for axis, size in enumerate(sizes))
        return rows.to(images.dtype) @ images @ columns.to(images.dtype).T

    return pool


def _weights(size: Any, windows: int) -> torch.Tensor:
    """What each place counts in each window: windows of one size that overlap, where the places do not divide."""
    window, place = torch.arange(windows)[:, None], torch.arange(size)[None]
    inside = (place >= window * size // windows) & (place < ((window + 1) * size + windows - 1) // windows)
    return inside / inside.sum(1, keepdim=True)
