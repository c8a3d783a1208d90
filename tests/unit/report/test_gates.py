"""A gate that failed is the verdict, the headline and a problem with what was found."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_export_action.records import Comparison, Gate
from onnx_export_action.report import gates, headline, problems
from onnx_export_action.report.blocks import Table
from onnx_export_action.report.spans import plain
from tests import factories

FAILED = Gate(condition="size > +5%", outcome="failed", value=100.0, unit="change")
PASSED = Gate(condition="opset < 17", outcome="passed", value=18, unit="count")
UNKNOWN = Gate(condition="nodes > +5%", outcome="undecided", reason="No baseline: none yet.")
UNKNOWN_FAILED = UNKNOWN.model_copy(update={"outcome": "failed"})


def comparison(*found: Gate) -> Comparison:
    return factories.make_comparison(gates=found)


@pytest.mark.parametrize(
    ("found", "verdict", "sentence"),
    [
        ((PASSED, UNKNOWN), "pass", "Pass: the ONNX file gives the model's answers"),
        ((PASSED, FAILED), "fail", "Fail: the gate size > +5% failed"),
        ((UNKNOWN_FAILED,), "fail", "Fail: the gate nodes > +5% could not be decided"),
        ((UNKNOWN_FAILED, FAILED), "fail", "Fail: 2 gates failed"),
    ],
)
def test_headline__says_which_gate_failed(found: tuple[Gate, ...], verdict: str, sentence: str) -> None:
    report = factories.make_report(comparison=comparison(*found))
    assert (report.verdict, plain(headline.sentence(report))) == (verdict, sentence)


def test_headline__a_wrong_file_comes_before_a_gate() -> None:
    report = factories.make_failed_report(comparison=comparison(FAILED))
    assert plain(headline.sentence(report)) == "Fail: the ONNX file does not give the model's answers"
    assert plain(problems.found(report)[-1].title) == "The gate size > +5% failed."


def test_found__a_failed_gate_is_a_problem_with_its_value() -> None:
    report = factories.make_report(comparison=comparison(PASSED, FAILED, UNKNOWN_FAILED, UNKNOWN))
    first, second = problems.found(report)
    assert [plain(first.title), *map(plain, first.details)] == ["The gate size > +5% failed.", "Found: +100 %."]
    assert plain(first.remedy) == "Correct the change, or move the limit in fail-on where it is meant."
    assert [plain(second.title), *map(plain, second.details)] == [
        "The gate nodes > +5% could not be decided.",
        "No baseline: none yet.",
    ]


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        ({"value": 90_387_630, "unit": "bytes"}, "90.4 MB"),
        ({"value": 4.1, "unit": "ms", "spread_pct": 3.0}, "4.10 ms, spread 3.00 %"),
        ({"value": 90, "unit": "s"}, "1 min 30 s"),
        ({"value": 476, "unit": "count"}, "476"),
        ({"value": 98.5, "unit": "percent"}, "98.5 %"),
        ({"value": 243.3, "unit": "items/s"}, "243/s"),
        ({"value": 0.0, "unit": "change"}, "±0"),
        ({"value": -3.0, "unit": "change"}, "-3.00 %"),
        ({"value": 12.0, "unit": "change", "low": 5.0, "high": 20.0}, "+12.0 % (+5.00 % to +20.0 %)"),
        ({"value": 8.3e-7}, "8.3e-7"),
        ({"detail": "Gelu 6 to 0"}, "Gelu 6 to 0"),
        ({}, "unknown"),
    ],
)
def test_found__value_with_its_unit(gate: dict[str, Any], text: str) -> None:
    assert plain(gates.found(Gate(condition="c", outcome="passed", **gate))) == text


def test_gates_section__unfolds_when_one_failed() -> None:
    section = gates.gates_section(comparison(PASSED, FAILED, UNKNOWN))
    assert section is not None
    assert section.open
    assert plain(section.summary) == "1 of 3 gates failed, 1 cannot be decided"
    calm = gates.gates_section(comparison(PASSED))
    assert calm is not None
    assert not calm.open
    assert isinstance(calm.blocks[0], Table)
    assert [plain(cell) for cell in calm.blocks[0].rows[0]] == ["opset < 17", "18", "✓ passed"]


def test_gates_section__is_absent_without_gates() -> None:
    assert gates.gates_section(comparison()) is None
