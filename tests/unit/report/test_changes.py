"""The line that says what changed against the base, before anything is unfolded."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_export_action.records import GraphDiff, Movement, OperatorChange, WeightChange
from onnx_export_action.report.changes import changes_section
from onnx_export_action.report.spans import plain
from tests.factories import make_comparison

WEIGHT = WeightChange(name="w", kind="values", max_abs_diff=0.1)
ONE_WEIGHT = GraphDiff(identical=False, weights=(WEIGHT,), weights_changed=1)
MORE_NODES = {"operators": (OperatorChange(operator="Erf", base=0, head=6),), "nodes_added": 6}
LABELS = Movement(output="logits", max_abs_diff=0.3, agreement_pct=97.5, answers=40)
VECTORS = Movement(output="last_hidden_state", max_abs_diff=0.0031)


def summary(**given: Any) -> str:
    section = changes_section(make_comparison(**{"answers": (), **given}))
    assert section is not None
    return plain(section.summary)


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (GraphDiff(identical=True), "the same graph and weights"),
        (ONE_WEIGHT, "the same graph, 1 weight differs"),
        (ONE_WEIGHT.model_copy(update={"weights_changed": 9}), "the same graph, 9 weights differ"),
        (GraphDiff(identical=False, **MORE_NODES), "the graph differs"),
        (ONE_WEIGHT.model_copy(update=MORE_NODES), "the graph and 1 weight differ"),
    ],
)
def test_changes_section__says_what_of_the_graph_differs(graph: GraphDiff, expected: str) -> None:
    assert summary(graph=graph) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((LABELS,), "answers 97.5 % the same"),
        ((LABELS, LABELS.model_copy(update={"agreement_pct": 90.0})), "answers 90.0 % the same"),
        ((LABELS, VECTORS), "answers 97.5 % the same"),
        ((VECTORS,), "outputs up to 0.00310 apart"),
        ((VECTORS.model_copy(update={"max_abs_diff": 0.0}),), "the same outputs"),
        ((VECTORS.model_copy(update={"max_abs_diff": None}),), "outputs not comparable"),
    ],
)
def test_changes_section__says_how_far_the_answers_moved(answers: tuple[Movement, ...], expected: str) -> None:
    assert summary(graph=GraphDiff(identical=True), answers=answers) == f"the same graph and weights, {expected}"


def test_changes_section__without_a_graph_says_so() -> None:
    assert summary(graph=None) == "figures alone, the graphs were not compared"
