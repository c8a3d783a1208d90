"""What callers of the base must change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto

from tests.unit.comparison.graphs import diff, model, node, value


def two_by_two(inputs: Sequence[Any] = (), outputs: Sequence[Any] = (), **names: str) -> onnx.ModelProto:
    """y = relu(x), v = tanh(u); names and ends as given."""
    made = model(
        [node("Relu", "x", "y"), node("Tanh", "u", "v")],
        inputs=inputs or [value("x"), value("u")],
        outputs=outputs or [value("y"), value("v")],
    )
    for each in made.graph.node:
        each.input[:] = [names.get(name, name) for name in each.input]
        each.output[:] = [names.get(name, name) for name in each.output]
    for end in (*made.graph.input, *made.graph.output):
        end.name = names.get(end.name, end.name)
    return made


CHANGES: list[tuple[onnx.ModelProto, list[tuple[str, str, bool]]]] = [
    (two_by_two(), []),
    (two_by_two(inputs=[value("x", ["rows", 4]), value("u", ["rows", 4])]), []),
    (two_by_two(inputs=[value("u"), value("x")]), []),
    (two_by_two(y="logits"), [("output", "renamed", True)]),
    (two_by_two(x="input_ids"), [("input", "renamed", True)]),
    (
        two_by_two(x="a", y="b", u="c", v="d"),
        [(side, "renamed", True) for side in ("input", "input", "output", "output")],
    ),
    (two_by_two(inputs=[value("x", kind=TensorProto.DOUBLE), value("u")]), [("input", "type", True)]),
    (two_by_two(inputs=[value("x", ["batch", 5]), value("u")]), [("input", "shape", True)]),
    (two_by_two(inputs=[value("x", ["batch", 4, 1]), value("u")]), [("input", "shape", True)]),
    (two_by_two(inputs=[value("x", [2, 4]), value("u")]), [("input", "axis fixed", True)]),
    (two_by_two(outputs=[value("y", [2, 4]), value("v")]), [("output", "axis fixed", True)]),
    (two_by_two(inputs=[value("x", ["batch", "width"]), value("u")]), [("input", "axis freed", False)]),
    (two_by_two(inputs=[value("x"), value("u"), value("new")]), [("input", "added", True)]),
    (two_by_two(outputs=[value("y")]), [("output", "removed", True)]),
    (two_by_two(outputs=[value("v"), value("y")]), [("output", "moved", True)] * 2),
]


@pytest.mark.parametrize(("head", "expected"), CHANGES)
def test_difference__ends(head: onnx.ModelProto, expected: list[tuple[str, str, bool]], tmp_path: Path) -> None:
    found = diff(two_by_two(), head, tmp_path)
    assert [(each.side, each.kind, each.breaking) for each in found.interface] == expected
    assert found.identical == (not expected)
    assert found.breaking == any(breaking for _, _, breaking in expected)


def test_difference__a_new_output_breaks_nobody(tmp_path: Path) -> None:
    found = diff(two_by_two(outputs=[value("y")]), two_by_two(), tmp_path)
    assert [(each.side, each.kind, each.breaking) for each in found.interface] == [("output", "added", False)]


def test_difference__a_size_that_was_only_not_inferred_breaks_nobody(tmp_path: Path) -> None:
    base = two_by_two(outputs=[value("y", ["batch", "Relu_dim_1"]), value("v")])
    found = diff(base, two_by_two(), tmp_path)
    assert [(each.kind, each.breaking) for each in found.interface] == [("axis fixed", False)]


def test_difference__a_renamed_end_is_told_with_both_names(tmp_path: Path) -> None:
    (change,) = diff(two_by_two(), two_by_two(y="logits"), tmp_path).interface
    assert change.base is not None
    assert change.head is not None
    assert (change.base.name, change.head.name) == ("y", "logits")
