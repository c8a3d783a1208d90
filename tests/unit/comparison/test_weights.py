"""Weights that changed: by name, with the largest difference, wherever they are stored and whatever they are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from onnx_export_action.comparison.graph import difference as graph_diff
from onnx_export_action.comparison.graph import tensors
from onnx_export_action.records import WeightChange
from tests.unit.comparison.graphs import diff, model, node, perceptron, renamed, weight


def with_values(original: onnx.ModelProto, name: str, change: Callable[[np.ndarray], np.ndarray]) -> onnx.ModelProto:
    tensor = next(each for each in original.graph.initializer if each.name == name)
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor).copy()), name))
    return original


def put(number: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array.flat[5] = number
        return array

    return change


def one_more(array: np.ndarray) -> np.ndarray:
    array.flat[5] += 1
    return array


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (one_more, WeightChange(name="w1", kind="values", detail="1 of 16 elements", max_abs_diff=1.0)),
        (
            put(float("nan")),
            WeightChange(name="w1", kind="values", detail="1 of 16 elements, 1 NaN or infinite on one side"),
        ),
        (lambda array: array.reshape(2, 8), WeightChange(name="w1", kind="shape", detail="4 x 4 to 2 x 8")),
    ],
)
def test_difference__one_weight(
    change: Callable[[np.ndarray], np.ndarray], expected: WeightChange, tmp_path: Path
) -> None:
    found = diff(perceptron(), with_values(perceptron(), "w1", change), tmp_path)
    (only,) = found.weights
    rounded = None if only.max_abs_diff is None else round(only.max_abs_diff, 5)
    assert only.model_copy(update={"max_abs_diff": rounded}) == expected
    assert (found.nodes_added, found.nodes_removed, found.nodes_altered) == (0, 0, 0)


def test_difference__another_type_keeps_the_distance(tmp_path: Path) -> None:
    head = with_values(perceptron(), "w1", lambda array: array.astype(np.float16))
    (only,) = diff(perceptron(), head, tmp_path).weights
    assert (only.kind, only.detail) == ("type", "float to float16")
    assert only.max_abs_diff == pytest.approx(0, abs=1e-3)
    assert only.max_abs_diff != 0


def test_difference__nan_on_both_sides_is_equal(tmp_path: Path) -> None:
    base = with_values(perceptron(), "w1", put(float("nan")))
    assert diff(base, base, tmp_path).identical


def test_difference__zero_with_another_sign_is_equal(tmp_path: Path) -> None:
    base, head = (with_values(perceptron(), "w1", put(zero)) for zero in (0.0, -0.0))
    assert diff(base, head, tmp_path).identical


def test_difference__a_renamed_weight_that_changed_tells_both_names(tmp_path: Path) -> None:
    head = renamed(with_values(perceptron(), "w1", one_more))
    (only,) = diff(perceptron(), head, tmp_path).weights
    assert only.detail == "1 of 16 elements, was w1"


def test_difference__names_exchanged_without_the_values_is_no_change(tmp_path: Path) -> None:
    head = perceptron()
    names = {"w0": "w1", "w1": "w0"}
    for each in head.graph.node:
        each.input[:] = [names.get(name, name) for name in each.input]
    for tensor in head.graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    assert diff(perceptron(), head, tmp_path).identical


def test_difference__values_exchanged_between_two_weights_are_two_changes(tmp_path: Path) -> None:
    head = perceptron()
    one, two = (next(each for each in head.graph.initializer if each.name == name) for name in ("w0", "w1"))
    one.raw_data, two.raw_data = two.raw_data, one.raw_data
    assert {each.name for each in diff(perceptron(), head, tmp_path).weights} == {"w0", "w1"}


def test_difference__a_shared_weight_that_is_stored_twice_now(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "m"), node("Relu", "m", "r"), node("MatMul", "r w", "y")]
    head = model(nodes, [weight("w"), weight("copy")])
    head.graph.node[2].input[1] = "copy"
    found = diff(model(nodes, [weight("w")]), head, tmp_path)
    assert found.weights == (WeightChange(name="copy", kind="added", detail="float, 4 x 4, the base shares w here"),)


def test_difference__the_greatest_differences_come_first(tmp_path: Path) -> None:
    head = perceptron(30)
    for place in range(30):
        with_values(head, f"w{place}", lambda array, by=place + 1: array + np.float32(by))  # type: ignore[misc]
    found = diff(perceptron(30), head, tmp_path)
    assert [each.name for each in found.weights] == [f"w{place}" for place in range(29, 9, -1)]
    assert found.weights_changed == 30


@pytest.mark.parametrize("outside", [(True, False), (True, True)])
def test_difference__external_data_is_compared_with_any(outside: tuple[bool, bool], tmp_path: Path) -> None:
    heads = perceptron(), with_values(perceptron(), "w1", one_more)
    files = []
    for place, (each, external) in enumerate(zip(heads, outside, strict=True)):
        folder = tmp_path / str(place)
        folder.mkdir()
        files.append(folder / "model.onnx")
        onnx.save(each, files[-1], save_as_external_data=external, location="weights", size_threshold=0)
    found = graph_diff.difference(*files).graph
    assert [(each.name, each.detail) for each in found.weights] == [("w1", "1 of 16 elements")]
    assert graph_diff.difference(files[0], files[0]).graph.identical


@pytest.mark.parametrize(
    ("kind", "base", "head", "distance"),
    [
        (TensorProto.INT64, [2**62], [2**62 + 1], 1.0),
        (TensorProto.BFLOAT16, [1.0], [1.5], 0.5),
        (TensorProto.INT4, [1, 2, 3], [1, 2, -3], 6.0),
        (TensorProto.BOOL, [True], [False], 1.0),
        (TensorProto.DOUBLE, [float("inf")], [1.0], None),
        (TensorProto.COMPLEX64, [1 + 1j], [1 - 1j], 2.0),
        (TensorProto.STRING, [b"a"], [b"b"], None),
        (TensorProto.FLOAT8E4M3FN, [1.0], [1.0], None),
    ],
)
def test_distance__every_type(
    kind: int, base: list[object], head: list[object], distance: float | None, tmp_path: Path
) -> None:
    both = [onnx.helper.make_tensor("w", kind, [len(each)], each) for each in (base, head)]
    found = tensors.distance(both[0], tmp_path, both[1], tmp_path)
    assert found.differing == (base != head)
    assert found.max_abs == distance


def test_distance__many_parts_and_no_part(tmp_path: Path) -> None:
    zeros = numpy_helper.from_array(np.zeros(2_500_000, np.float32), "w")
    other = numpy_helper.from_array(np.r_[np.zeros(2_499_999, np.float32), np.float32(3)], "w")
    assert tensors.distance(zeros, tmp_path, other, tmp_path) == tensors.Distance(1, 3.0)
    empty = numpy_helper.from_array(np.zeros((0, 4), np.float32), "w")
    assert tensors.distance(empty, tmp_path, empty, tmp_path) == tensors.Distance(0, None)
