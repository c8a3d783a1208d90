"""Places of patches in their images, from the images' sizes alone and without a loop; pure tensors.

No `len`: a trace takes it for a constant, and a shape for what it is.
"""

from __future__ import annotations

from typing import Any

import torch


def owner(counts: torch.Tensor) -> torch.Tensor:
    """For each of the counted the place of its count: 0, 0, 1, 1, 1 for counts 2 and 3."""
    ends = counts.cumsum(0)
    return (torch.arange(ends[-1])[:, None] >= ends[None]).sum(1)


def position_ids(
    grid_thw: torch.Tensor,
    spatial_merge_size: Any,
    include_temporal: bool = False,
    kwargs: dict[str, Any] | None = None,
) -> torch.Tensor:
    """Row and column of every patch, a merged block's patches after each other; the frame's number before them."""
    if kwargs is not None and (known := kwargs.pop("position_ids", None)) is not None:
        return known
    image, within = _within(grid_thw)
    height, width = grid_thw[image, 1], grid_thw[image, 2]
    merge = spatial_merge_size if isinstance(spatial_merge_size, int) else spatial_merge_size[image]
    place = within % (height * width)
    block = place // (merge * merge)
    row = block // (width // merge) * merge + place // merge % merge
    column = block % (width // merge) * merge + place % merge
    frame = [within // (height * width)] if include_temporal else []
    return torch.stack([*frame, row, column], dim=-1)


def window_index(
    grid_thw: torch.Tensor,
    spatial_merge_size: int,
    window_size: int,
    patch_size: int,
    kwargs: dict[str, Any] | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The merged blocks in the order of their windows, and where each window ends, counted in patches."""
    known = [kwargs.pop(name, None) for name in ("window_index", "cu_window_seqlens")] if kwargs is not None else [None]
    if all(each is not None for each in known):
        return known[0], known[1]
    side = window_size // spatial_merge_size // patch_size
    merged = torch.stack([grid_thw[:, 0], *(grid_thw[:, axis] // spatial_merge_size for axis in (1, 2))], dim=1)
    image, within = _within(merged)
    height, width = merged[image, 1], merged[image, 2]
    frame, row, column = within // (height * width), within // width % height, within % width
    across, down = width // side + 1, height // side + 1
    windows = merged[:, 0] * (merged[:, 1] // side + 1) * (merged[:, 2] // side + 1)
    first = windows.cumsum(0) - windows
    window = first[image] + (frame * down + row // side) * across + column // side
    # Within a window the rows go on as they did: a number that grows with the window first, then with the place.
    order = torch.argsort(window * (within.max() + 1) + within)
    ordered = window[order]
    ends = torch.cat([(ordered[1:] != ordered[:-1]).nonzero()[:, 0] + 1, torch.ones_like(order[:1]) * order.shape[0]])
    return order, torch.nn.functional.pad(ends * spatial_merge_size**2, (1, 0))


def _within(grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For every patch its image, and its place there, counted over all frames."""
    counts = grid[:, 0] * grid[:, 1] * grid[:, 2]
    image = owner(counts)
    starts = counts.cumsum(0) - counts
    return image, torch.arange(image.shape[0]) - starts[image]
