"""Inputs that prove a TensorFlow function, and the names of its axes; without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.exporters.tensorflow import dynamic, inputs, tables
from onnx_export_action.workers.protocol import Refusal

SHAPES: inputs.Shapes = {"ids": (None, None), "attention_mask": (None, None), "pixels": (None, None, None, 3)}
DTYPES = {"ids": "int32", "attention_mask": "int64", "pixels": "float32"}
AXES = dynamic.open_axes(SHAPES)


def test_open_axes__are_named_by_their_place() -> None:
    assert AXES == {
        "ids": {0: "batch_size", 1: "sequence_length"},
        "attention_mask": {0: "batch_size", 1: "sequence_length"},
        "pixels": {0: "batch_size", 1: "height", 2: "width"},
    }
    channels_first = dynamic.open_axes({"x": (None, 3, None, None), "y": (2, 3), "z": (None, 2, None)})
    assert channels_first == {"x": {0: "batch_size", 2: "height", 3: "width"}, "z": {0: "batch_size", 2: "axis_2"}}


def test_named_apart__where_the_model_takes_one_at_another_size() -> None:
    axes = dynamic.open_axes({"a": (None, None), "mask": (None, None), "b": (None, None)})

    def accepts(tried: Mapping[str, Mapping[int, str]], wanted: Mapping[str, int]) -> bool:
        return wanted[tried["a"][1]] == wanted[tried["mask"][1]]

    found = dynamic.named_apart(axes, {"batch_size": 2, "sequence_length": 16}, accepts)
    assert [labels[1] for labels in found.values()] == ["sequence_length", "sequence_length", "b_sequence_length"]
    assert all(labels[0] == "batch_size" for labels in found.values())


def test_named_apart_by__an_example_of_several_sizes() -> None:
    axes = dynamic.open_axes({"a": (None, None), "b": (None, None)})
    example = {"a": np.ones((2, 5)), "b": np.ones((2, 9))}
    found = dynamic.named_apart_by(axes, example)
    assert found == {
        "a": {0: "batch_size", 1: "a_sequence_length"}, "b": {0: "batch_size", 1: "b_sequence_length"}
    }  # fmt: skip
    assert inputs.own_sizes(found, example) == {"batch_size": 2, "a_sequence_length": 5, "b_sequence_length": 9}
    assert dynamic.named_apart_by(axes, None) == axes


def test_split__fixed_axes_are_said() -> None:
    kept, fixed = dynamic.split({"x": {0: "batch_size", 1: "sequence_length"}}, ["sequence_length"])
    assert (kept, fixed) == ({"x": {0: "batch_size"}}, {"x": {1: "sequence_length"}})
    assert dynamic.sentence(fixed).startswith("The signature leaves axis 1 of x open, but")


@given(st.integers(1, 9), st.integers(1, 40), st.integers(1, 200), st.integers(0, 2**31))
def test_made__by_its_sizes_types_and_tables(batch: int, length: int, table: int, seed: int) -> None:
    sizes = {"batch_size": batch, "sequence_length": length, "height": 4, "width": 5}
    found = inputs.made(SHAPES, DTYPES, AXES, sizes, {"ids": table}, seed)
    assert {name: (value.shape, str(value.dtype)) for name, value in found.items()} == {
        "ids": ((batch, length), "int32"),
        "attention_mask": ((batch, length), "int64"),
        "pixels": ((batch, 4, 5, 3), "float32"),
    }
    assert found["ids"].min() >= 0
    assert found["ids"].max() < table
    assert (found["attention_mask"][:, 0] == 1).all()
    again = inputs.made(SHAPES, DTYPES, AXES, sizes, {"ids": table}, seed)
    assert all((again[name] == value).all() for name, value in found.items())


def test_made__a_mask_hides_the_end_of_some_rows() -> None:
    sizes = {"batch_size": 3, "sequence_length": 9, "height": 4, "width": 4}
    assert inputs.made(SHAPES, DTYPES, AXES, sizes, {}, 0)["attention_mask"].sum(1).tolist() == [9, 6, 3]


@given(st.integers(1, 300), st.integers(1, 50), st.integers(1, 9))
def test_with_every_id__each_once_or_spread_evenly(table: int, most: int, length: int) -> None:
    given_inputs = {"ids": np.zeros((2, length), np.int64), "mask": np.zeros((2, length)), "x": np.ones((2, 3))}
    found = inputs.with_every_id(given_inputs, {"ids": table}, most)
    seen = np.unique(found["ids"])
    assert len(seen) == min(table, most)
    assert (seen[0], seen[-1]) == (0, table - 1 if most > 1 else 0)
    assert len({len(value) for value in found.values()}) == 1
    assert (found["mask"] == 1).all()


def test_resized__from_values_of_the_example() -> None:
    example = {"x": np.array([[3.0, 5, 7], [8, 9, 10]]), "flag": np.array([[1], [0]])}
    axes = {"x": {0: "batch_size", 1: "sequence_length"}, "flag": {0: "batch_size"}}
    found = inputs.resized(example, axes, {"batch_size": 5, "sequence_length": 2}, 1)
    assert found["x"].shape == (5, 2)
    assert set(found["x"].ravel()) <= set(example["x"].ravel())
    assert found["flag"].ravel().tolist() == [1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("example", "sentence"),
    [
        ({"other": np.ones((1, 2))}, "are for other, and the model takes x, y"),
        ((np.ones((1, 2)),), "are for x, and the model takes x, y"),
        ({"x": np.ones((1, 3)), "y": np.ones(2)}, r"have the shape \(1, 3\) for x"),
        ({"x": np.ones((1, 2)), "y": np.ones((2, 2))}, r"have the shape \(2, 2\) for y"),
    ],
)
def test_checked__an_example_that_does_not_fit(example: Any, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        inputs.checked(example, {"x": (None, 2), "y": (None,)}, {"x": "float32", "y": "int32"})


def test_checked__by_place_in_the_functions_types() -> None:
    found = inputs.checked(([[1, 2]], [3.0]), {"x": (None, 2), "y": (None,)}, {"x": "float32", "y": "int32"})
    assert {name: str(value.dtype) for name, value in found.items()} == {"x": "float32", "y": "int32"}


@pytest.mark.parametrize(("limits", "expected"), [([40], 40), ([300, 40], 40), ([], None), ([2**21], None)])
def test_sizes__of_the_smallest_table(limits: list[int], expected: int | None) -> None:
    def answer(values: Mapping[str, Any]) -> None:
        for limit in limits:
            if (largest := values["ids"].max()) >= limit:
                raise ValueError(f"indices[0,0] = {largest} is not in [0, {limit}) [Op:GatherV2]")

    given_inputs = {"ids": np.ones((2, 3), np.int32), "mask": np.ones((2, 3), np.int32), "x": np.ones(2)}
    assert tables.sizes(given_inputs, answer) == ({"ids": expected} if expected else {})


def test_sizes__of_a_model_that_fails_for_another_reason() -> None:
    def answer(_: Any) -> None:
        raise ValueError("no such thing")

    assert tables.sizes({"ids": np.ones((2, 3), np.uint8)}, answer) == {}
