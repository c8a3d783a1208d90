"""The axes of a file: which cases it takes, which sizes were right, and why an axis is fixed."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_export_action.records import Axis, Graph, Tensor
from onnx_export_action.validation import axes
from tests.factories import make_case, make_graph

BATCH = {"pixel_values": {0: "batch_size"}}
REFUSED = {"shape": "larger", "inputs": {"pixel_values": [1, 3, 48, 48]}, "why": "Input image size (48*48) is another"}


def graph_of(*shape: int | str) -> Graph:
    return make_graph(inputs=(Tensor(name="pixel_values", dtype="float", shape=shape),))


def tried(*shapes: tuple[int, ...]) -> list[dict[str, Any]]:
    return [{"shape": str(shape), "inputs": {"pixel_values": list(shape)}} for shape in shapes]


def rows(
    graph: Graph, cases: list[dict[str, Any]], refused: list[dict[str, Any]], one_size: str = "the export does not"
) -> dict[str, Axis]:
    ran = [make_case(case["shape"], inputs=case["inputs"]) for case in axes.runnable(graph, BATCH, cases)]
    return {axis.name: axis for axis in axes.found(graph, BATCH, ran, cases, refused, one_size)}


def test_found__a_size_that_the_model_refuses_has_its_words() -> None:
    found = rows(graph_of("batch_size", 3, 32, 32), tried((1, 3, 32, 32), (2, 3, 32, 32)), [REFUSED])
    assert list(found) == ["batch_size", "height", "width"]
    assert found["batch_size"].proven
    assert found["height"].reason == "the model itself refuses 48: Input image size (48*48) is another"
    assert (found["height"].sizes, found["height"].declared, found["height"].passed) == ((32,), False, True)


def test_found__a_size_that_the_export_alone_refuses_is_told_apart() -> None:
    cases = tried((1, 3, 32, 32), (2, 3, 32, 32), (1, 3, 48, 48))
    found = rows(graph_of("batch_size", 3, 32, 32), cases, [])
    assert found["width"].reason == "the model takes 48 too, the export does not"
    assert found["width"].sizes == (32,)
    found = rows(graph_of("batch_size", 3, 32, 32), cases, [], "but no route wrote a file for any size")
    assert found["width"].reason == "the model takes 48 too, but no route wrote a file for any size"


@pytest.mark.parametrize("refused", [[], [REFUSED]])
def test_found__a_dynamic_axis_needs_no_reason(refused: list[dict[str, Any]]) -> None:
    found = rows(graph_of("batch_size", 3, "height", "width"), tried((1, 3, 32, 32), (2, 3, 48, 48)), refused)
    assert [axis.reason for axis in found.values()] == ["", "", ""]
    assert found["height"].sizes == (32, 48)


def test_found__a_size_that_nobody_tried_is_no_axis() -> None:
    assert list(rows(graph_of(2, 3, 32, 32), tried((2, 3, 32, 32)), [])) == ["batch_size"]


def test_runnable__what_an_unwanted_axis_fixes_is_left_out() -> None:
    cases = tried((1, 3, 32, 32), (2, 3, 32, 32), (1, 3, 48, 48))
    assert axes.runnable(graph_of("batch_size", 3, 32, 32), BATCH, cases) == cases[:2]
    assert axes.runnable(graph_of(2, 3, 32, 32), BATCH, cases) == cases[:2]
