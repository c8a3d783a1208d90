"""The forms in which models take images and videos: whole, in tiles, in frames, or cut into patches."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch

from onnx_export_action.exporters.axes import HEIGHT, WIDTH
from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.inputs.configuration import number, read
from onnx_export_action.exporters.inputs.form import Form, Tensors

_DEFAULT_SIZE = 224
_VISION = "vision image visual"
_VIDEOS = ("pixel_values_videos", "pixel_values_video", "video")
_PATCHES_A_SIDE = 6  # where nothing says how many: a multiple of what models merge, two and three
_STRIP_A_SIDE = 8  # which is merged three times by two
_FRAMES = 4


@dataclass(frozen=True)
class Pictures:
    """The sizes of a model's images."""

    height: int
    width: int
    channels: int
    config: Any

    def number(self, *keys: str, otherwise: int) -> int:
        """A number of the part that sees."""
        return number(self.config, *keys, of=_VISION, otherwise=otherwise)

    @property
    def patch(self) -> int:
        """Height and width of a patch."""
        return self.number("patch_size", otherwise=16)

    def pixels(self, case: Case) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        return self.channels, int(self.height * case.scale), int(self.width * case.scale * case.wide)


def pictures(config: Any, processor: Mapping[str, Any]) -> Pictures:
    """The sizes that configuration and processor say."""
    vision = getattr(config, "vision_config", None) or config
    channels = getattr(vision, "num_channels", None)
    height, width = _size(config, vision, processor)
    if not isinstance(channels, int):
        channels = number(config, "num_channels", "in_channels", "in_chans", of=_VISION, otherwise=3)
    return Pictures(height, width, channels if channels <= 16 else 3, config)


def forms(of: Pictures, parameters: Collection[str], ragged: bool) -> Iterator[Form]:
    """Every form that the names of a model's parameters allow, the most telling names first.

    With `ragged` the images of a batch differ in size where the form lets them.
    """
    yield from _grids(of, parameters, ragged)
    if {"pixel_values", "spatial_shapes"} <= set(parameters):
        yield _shaped(of, "pixel_attention_mask" in parameters)
    yield from (_placed(of, name) for name in ("pixel_position_ids", "image_position_ids") if name in parameters)
    if "flattened_patches" in parameters:
        yield _flattened(of, "attention_mask" in parameters and "input_ids" not in parameters)
    if {"pixel_values", "target_sizes"} <= set(parameters):
        yield _strip(of)
    if "pixel_values" in parameters:
        yield from _whole(of, "image_sizes" in parameters)
    frames = of.number("num_frames", otherwise=_FRAMES)
    yield from (_several(of, name, frames) for name in _VIDEOS if name in parameters)


def _whole(of: Pictures, sized: bool) -> Iterator[Form]:
    def plain(case: Case, generator: torch.Generator) -> Tensors:
        return {"pixel_values": torch.randn((case.batch, *of.pixels(case)), generator=generator)}

    form = Form("image", {"pixel_values": {0: "batch_size", 2: HEIGHT, 3: WIDTH}}, plain)
    yield form
    if sized:
        yield _with_sizes(of, form)
    pinpoints = _tiles(of)
    for tiles in dict.fromkeys((*([pinpoints[0]] if pinpoints else []), 1, 2, of.number("num_frames", otherwise=2))):
        form = _several(of, "pixel_values", tiles)
        yield _with_sizes(of, form) if sized and pinpoints else form


def _with_sizes(of: Pictures, form: Form) -> Form:
    pinpoints = _tiles(of)

    def make(case: Case, generator: torch.Generator) -> Tensors:
        made = form.make(case, generator)
        size = pinpoints[1] if pinpoints else list(made["pixel_values"].shape[-2:])
        return {**made, "image_sizes": torch.tensor([size] * case.batch)}

    return Form("image", {**form.axes, "image_sizes": {0: "batch_size"}}, make, ("image_sizes",))


def _tiles(of: Pictures) -> tuple[int, list[int]] | None:
    """How many tiles the smallest of the sizes needs that a model cuts images to, the whole image among them."""
    pinpoints = read(of.config, "image_grid_pinpoints")
    if not isinstance(pinpoints, list) or not pinpoints:
        return None
    sizes = [[int(size) for size in pair] for pair in pinpoints]
    whole = [pair for pair in sizes if pair[0] % of.height == 0 and pair[1] % of.width == 0]
    least = min(whole or sizes, key=lambda pair: pair[0] * pair[1])
    return -(-least[0] // of.height) * -(-least[1] // of.width) + 1, least


def _several(of: Pictures, name: str, tiles: int) -> Form:
    def make(case: Case, generator: torch.Generator) -> Tensors:
        return {name: torch.randn((case.batch, tiles, *of.pixels(case)), generator=generator)}

    return Form("image", {name: {0: "batch_size"}}, make)


def _grids(of: Pictures, parameters: Collection[str], ragged: bool) -> Iterator[Form]:
    """Patches of all images one after the other, and the number of them along time, height and width of each image."""
    pixels = [name for name in ("pixel_values", "hidden_states") if name in parameters]
    grids = [name for name in ("image_grid_thw", "grid_thw", "image_grid_hw") if name in parameters]
    temporal, area = of.number("temporal_patch_size", otherwise=1), of.channels * of.patch**2
    hidden = of.number("hidden_size", "embed_dim", otherwise=1)
    shapes = ((area * temporal,), (area,), (of.channels, of.patch, of.patch), (hidden,))
    for name, grid, shape in product(pixels[:1], grids[:1], dict.fromkeys(shapes)):
        yield _grid(of, name, grid, shape, ragged)


def _grid(of: Pictures, name: str, grid: str, shape: tuple[int, ...], ragged: bool) -> Form:
    merged = of.number("spatial_merge_size", "merge_size", "merge_kernel_size", "downsample_factor", otherwise=2)

    def sides(case: Case, image: int) -> list[int]:
        wider = merged * (image % 2) if ragged else 0
        return [int(2 * merged * case.scale), int(2 * merged * case.scale * case.wide) + wider]

    def make(case: Case, generator: torch.Generator) -> Tensors:
        found = [sides(case, image) for image in range(case.batch)]
        rows = sum(height * wide for height, wide in found)
        sizes = [[1, *pair] for pair in found] if grid.endswith("thw") else found
        return {name: torch.randn(rows, *shape, generator=generator), grid: torch.tensor(sizes)}

    return Form("image", {name: {0: "num_patches"}, grid: {0: "num_images"}}, make, (grid,))


def _strip(of: Pictures) -> Form:
    """Patches of all images one after the other in a single strip, and how many each has in height and width."""

    def make(case: Case, generator: torch.Generator) -> Tensors:
        height, width = int(_STRIP_A_SIDE * case.scale), int(_STRIP_A_SIDE * case.scale * case.wide)
        length = case.batch * height * width * of.patch
        strip = torch.randn(1, of.channels, of.patch, length, generator=generator)
        return {"pixel_values": strip, "target_sizes": torch.tensor([[height, width]] * case.batch)}

    axes = {"pixel_values": {3: "strip_length"}, "target_sizes": {0: "num_images"}}
    return Form("image", axes, make, ("target_sizes",))


def _side(case: Case) -> tuple[int, int]:
    return int(_PATCHES_A_SIDE * case.scale), int(_PATCHES_A_SIDE * case.scale * case.wide)


def _shaped(of: Pictures, masked: bool) -> Form:
    """Patches of each image in a row of its own, with its height and width in patches."""

    def make(case: Case, generator: torch.Generator) -> Tensors:
        height, width = _side(case)
        made = {
            "pixel_values": torch.randn(case.batch, height * width, of.channels * of.patch**2, generator=generator),
            "pixel_attention_mask": torch.ones(case.batch, height * width, dtype=torch.int64),
            "spatial_shapes": torch.tensor([[height, width]] * case.batch),
        }
        return made if masked else {name: value for name, value in made.items() if name != "pixel_attention_mask"}

    axes = {"pixel_values": {0: "batch_size", 1: "num_patches"}, "spatial_shapes": {0: "batch_size"}}
    if masked:
        axes["pixel_attention_mask"] = {0: "batch_size", 1: "num_patches"}
    return Form("image", axes, make, ("spatial_shapes",))


def _placed(of: Pictures, places: str) -> Form:
    """Patches of each image in a row of its own, with the place of each: its column and its row."""

    def make(case: Case, generator: torch.Generator) -> Tensors:
        height, width = _side(case)
        place = torch.tensor([[column, row] for row in range(height) for column in range(width)])
        patches = torch.randn(case.batch, height * width, of.channels * of.patch**2, generator=generator)
        return {"pixel_values": patches, places: place.expand(case.batch, -1, -1).contiguous()}

    axes = {0: "batch_size", 1: "num_patches"}
    return Form("image", {"pixel_values": axes, places: axes}, make, (places,))


def _flattened(of: Pictures, masked: bool) -> Form:
    """Patches of each image in a row of its own, each behind the numbers of its row and column, counted from one."""

    def make(case: Case, generator: torch.Generator) -> Tensors:
        height, width = _side(case)
        place = torch.tensor([[row + 1.0, column + 1.0] for row in range(height) for column in range(width)])
        patches = torch.randn(case.batch, height * width, of.channels * of.patch**2, generator=generator)
        made = {"flattened_patches": torch.cat([place.expand(case.batch, -1, -1), patches], dim=-1)}
        return {**made, **({"attention_mask": torch.ones(patches.shape[:2], dtype=torch.int64)} if masked else {})}

    axes = {0: "batch_size", 1: "num_patches"}
    return Form("image", {"flattened_patches": axes, **({"attention_mask": axes} if masked else {})}, make)


def _size(config: Any, vision: Any, processor: Mapping[str, Any]) -> tuple[int, int]:
    asked = (getattr(vision, "image_size", None), processor.get("crop_size"), processor.get("size"))
    for size in (*asked, read(config, "image_size", "img_size", "input_size", of=_VISION)):
        if isinstance(size, int):
            return size, size
        if isinstance(size, (list, tuple)) and len(size) == 2:
            return int(size[0]), int(size[1])
        if isinstance(size, dict) and "height" in size:
            return int(size["height"]), int(size["width"])
        if isinstance(size, dict) and "shortest_edge" in size:
            return int(size["shortest_edge"]), int(size["shortest_edge"])
    return _DEFAULT_SIZE, _DEFAULT_SIZE
