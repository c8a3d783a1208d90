"""Images of any size made smaller or larger, by products with the weights of rows and columns.

The tracer writes averages over windows for one size alone, and has no form for a resampling without aliasing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from onnx_export_action.exporters.traceable.changing import parts_changed

Own = Callable[..., Any]
Kernel = Callable[[torch.Tensor], torch.Tensor]

_OF_EACH_IMAGE = "resize_positional_embeddings"  # of SigLIP 2, which goes from image to image in Python


def averaging(own: Own) -> Own:
    """`adaptive_avg_pool2d`, whose windows overlap where the places do not divide."""

    def pool(images: torch.Tensor, output_size: Any) -> Any:
        sizes = _pair(output_size)
        if not torch.jit.is_tracing() or sizes == (1, 1) or not all(isinstance(size, int) for size in sizes):
            return own(images, output_size)
        return _by_weights(images, *(_shares(images.shape[axis - 2], size) for axis, size in enumerate(sizes)))

    return pool


def antialiased(own: Own) -> Own:
    """`interpolate` with `antialias`, by the filters that PyTorch has for it."""

    def interpolate(images: torch.Tensor, size: Any = None, *given: Any, **named: Any) -> Any:
        kernel = _KERNELS.get(named.get("mode", "")) if named.get("antialias") else None
        if not torch.jit.is_tracing() or size is None or given or kernel is None or named.get("align_corners"):
            return own(images, size, *given, **named)
        found = (
            _filtered(torch.arange(made), images.shape[axis - 2] / made, images.shape[axis - 2], kernel)
            for axis, made in enumerate(_pair(size))
        )
        return _by_weights(images, *found)

    return interpolate


@contextmanager
def of_all_images(model: Any) -> Iterator[None]:
    """Positions for the grids of all images at once."""
    parts = [part for part in model.modules() if _fits(getattr(type(part), _OF_EACH_IMAGE, None))]
    with parts_changed(parts, _OF_EACH_IMAGE, lambda _: positions):
        yield


def _fits(own: Any) -> bool:
    """Whether the part's own function is of this form: others of its name lay the places out otherwise."""
    return own is not None and tuple(inspect.signature(own).parameters) == tuple(
        inspect.signature(positions).parameters
    )


def positions(positional_embeddings: torch.Tensor, spatial_shapes: torch.Tensor, max_length: Any) -> torch.Tensor:
    """The table of positions at the size of each image, row by row; the first one where an image has no more."""
    rows, columns, width = positional_embeddings.shape
    heights, widths = spatial_shapes[:, :1], spatial_shapes[:, 1:]
    place = torch.arange(max_length)[None]
    place = torch.where(place < heights * widths, place, 0)
    by_row = _filtered(place // widths, rows / heights, rows, _triangle)
    by_column = _filtered(place % widths, columns / widths, columns, _triangle)
    both = (by_row[..., :, None] * by_column[..., None, :]).flatten(2)
    return (both @ positional_embeddings.float().reshape(-1, width)).to(positional_embeddings.dtype)


def _by_weights(images: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    return (rows @ images.float() @ columns.T).to(images.dtype)


def _pair(size: Any) -> tuple[Any, ...]:
    return tuple(size) if isinstance(size, (tuple, list)) else (size, size)


def _shares(size: Any, windows: int) -> torch.Tensor:
    """What each place counts in each window."""
    window, place = torch.arange(windows)[:, None], torch.arange(size)[None]
    inside = (place >= window * size // windows) & (place < ((window + 1) * size + windows - 1) // windows)
    return inside / inside.sum(1, keepdim=True)


def _filtered(made: torch.Tensor, scale: Any, size: Any, kernel: Kernel) -> torch.Tensor:
    """What each of `size` places counts in the places that are made; the filter is as wide as they are apart."""
    center = ((made + 0.5) * scale)[..., None]
    wide = torch.as_tensor(scale).clamp(min=1.0)
    weight = kernel((torch.arange(size) + 0.5 - center) / (wide[..., None] if wide.ndim else wide))
    return weight / weight.sum(-1, keepdim=True)


def _triangle(distance: torch.Tensor) -> torch.Tensor:
    return (1 - distance.abs()).clamp(min=0)


def _cubic(distance: torch.Tensor) -> torch.Tensor:
    far = distance.abs()
    near = (1.5 * far - 2.5) * far * far + 1
    return torch.where(far < 1, near, torch.where(far < 2, -0.5 * (((far - 5) * far + 8) * far - 4), 0))


_KERNELS: dict[str, Kernel] = {"bilinear": _triangle, "bicubic": _cubic}
