"""Output axes are named by what moved with them, never by a size that happens to be equal."""

from __future__ import annotations

import pytest

from onnx_export_action.exporters.axes import all_vary, of_images, of_outputs
from onnx_export_action.exporters.axes import answered as answered_axes

INPUT_AXES = {"input_ids": {0: "batch", 1: "sequence"}, "pixels": {0: "images"}}


def answered(
    *cases: tuple[tuple[int, int], int, tuple[int, ...]],
) -> list[tuple[dict[str, list[int]], dict[str, list[int]]]]:
    """Cases as (shape of input_ids, number of images, shape of the only output)."""
    return [({"input_ids": list(ids), "pixels": [images, 3]}, {"logits": list(shape)}) for ids, images, shape in cases]


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (answered(((1, 7), 9, (1, 7, 32)), ((2, 33), 8, (2, 33, 32))), {0: "batch", 1: "sequence"}),
        (answered(((1, 7), 9, (1, 32)), ((2, 33), 8, (2, 32))), {0: "batch"}),
        (answered(((2, 7), 3, (3, 2)), ((5, 7), 6, (6, 5))), {0: "images", 1: "batch"}),
        # 32 is the hidden size here, though it equals a sequence length once.
        (answered(((1, 32), 9, (1, 32)), ((2, 33), 8, (2, 32))), {0: "batch"}),
        # A size that never changes names nothing, whatever it equals.
        (answered(((2, 7), 9, (2, 7)), ((2, 7), 8, (2, 7))), {}),
    ],
)
def test_of_outputs(cases: list[tuple[dict[str, list[int]], dict[str, list[int]]]], expected: dict[int, str]) -> None:
    assert of_outputs(INPUT_AXES, cases).get("logits", {}) == expected


IMAGES = {"pixel_values": {0: "batch_size", 2: "height", 3: "width"}}


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(1, 3, 32, 32), (2, 3, 32, 32)], {}),
        ([(1, 3, 32, 32), (1, 3, 48, 48), (1, 3, 32, 64)], {2: "height", 3: "width"}),
        ([(1, 3, 32, 32), (1, 3, 32, 64)], {3: "width"}),
    ],
)
def test_answered__height_and_width_where_the_model_answered_at_two(
    sizes: list[tuple[int, ...]], expected: dict[int, str]
) -> None:
    found = answered_axes(IMAGES, [{"pixel_values": size} for size in sizes])
    assert found == {"pixel_values": {0: "batch_size", **expected}}
    assert of_images(found) == set(expected.values())


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(1, 3, 32, 32)], False),
        ([(1, 3, 32, 32), (2, 3, 32, 32), (2, 3, 48, 32)], False),
        ([(1, 3, 32, 32), (2, 3, 32, 48), (2, 3, 48, 32)], True),
    ],
)
def test_all_vary__once_each_axis_had_two_sizes(sizes: list[tuple[int, ...]], expected: bool) -> None:
    assert all_vary(IMAGES, [{"pixel_values": size} for size in sizes]) is expected
