from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from onnx_export_action import validation
from onnx_export_action.records import Check, Failure, Fixing, Report
from onnx_export_action.report import problems
from onnx_export_action.report.spans import plain
from tests.factories import (
    make_attempt,
    make_axis,
    make_case,
    make_error_report,
    make_export,
    make_failed_report,
    make_lone_report,
    make_parity,
    make_report,
    make_validation,
)


def _texts(report: Report) -> list[str]:
    return [
        " ".join(plain(spans) for spans in (problem.title, *problem.details, problem.remedy) if spans)
        for problem in problems.found(report)
    ]


def _with(**validation: Any) -> Report:
    return make_report(validation=make_validation(**validation))


def _wrong(shape: str, **overrides: Any) -> Any:
    return make_case(shape, outputs=(make_parity(**{"output": "logits", "passed": False, **overrides}),))


def test_found__nothing_when_all_is_well() -> None:
    assert problems.found(make_report()) == ()


def test_found__worst_case_with_shape_output_difference_and_limit() -> None:
    cases = (
        _wrong("batch 1", max_abs_diff=0.01),
        _wrong("batch 5", max_abs_diff=0.5, detail="3 of 4 values are outside"),
    )
    (text,) = _texts(_with(cases=cases))
    assert text.startswith("2 of 2 cases failed. Worst at batch 5: output logits is off by 0.500, ")
    assert "the limit is 5.1e-5 + 4.77e-7 of the value; 3 of 4 values are outside." in text


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (make_case("batch 5", error="Invalid rank"), "ONNX Runtime gave no answer: Invalid rank"),
        (make_case("batch 5", outputs=()), "there was no output to compare."),
        (
            _wrong("batch 5", max_abs_diff=None, detail="3 values are NaN or infinite"),
            "output logits cannot be compared: 3 values are NaN or infinite.",
        ),
        (
            _wrong("batch 5", passed=None, max_abs_diff=None, detail="the model has no output of this name"),
            "output logits cannot be compared: the model has no output of this name.",
        ),
    ],
)
def test_found__says_why_there_is_no_difference(case: Any, sentence: str) -> None:
    (text,) = _texts(_with(cases=(make_case(), case)))
    assert f"Worst at batch 5: {sentence}" in text


@pytest.mark.parametrize(
    ("failed", "passed", "hinted"),
    [
        (["batch 2, left padding", "batch 5, right padding"], ["batch 1"], True),
        (["batch 2, left padding"], ["batch 5, right padding"], False),
        (["batch 2, left padding", "batch 1"], ["batch 3"], False),
        (["batch 2, left padding"], [], False),
    ],
)
def test_found__hints_at_the_mask_when_only_padding_fails(failed: list[str], passed: list[str], hinted: bool) -> None:
    cases = (*(_wrong(shape) for shape in failed), *(make_case(shape) for shape in passed))
    (text,) = _texts(_with(cases=cases))
    assert ("Only padded inputs fail" in text) is hinted


def test_found__kept_file_is_named_by_its_failed_name() -> None:
    assert "it is kept as model.failed.onnx to look at" in _texts(make_failed_report())[0]


def test_found__one_attempt_leaves_the_ladder_to_try() -> None:
    (text,) = _texts(_with(cases=(_wrong("batch 1"),)))
    assert "Try another exporter, or leave it at auto, which goes on where one fails." in text


def test_found__a_whole_ladder_leaves_no_exporter_to_try() -> None:
    export = make_export(attempts=(make_attempt("optimum", ok=False), make_attempt(ok=False)))
    report = make_report(export=export, validation=make_validation(cases=(_wrong("batch 1"),)))
    assert "Every exporter that can do this model was tried" in _texts(report)[0]


@pytest.mark.parametrize(
    ("axis", "sentence"),
    [
        (make_axis(declared=False, sizes=(7,)), "input_ids axis 1 (sequence) is fixed in the file."),
        (make_axis(sizes=(7,)), "input_ids axis 1 (sequence) was right only at size 7."),
        (make_axis(sizes=()), "input_ids axis 1 (sequence) was right at no size."),
    ],
)
def test_found__unproven_axes_are_named(axis: Any, sentence: str) -> None:
    (text,) = _texts(_with(dynamic_axes=(make_axis("batch"), axis)))
    assert text.startswith(f"1 axis should be dynamic and cannot be relied on. {sentence}")


@pytest.mark.parametrize(
    ("fixing", "sentence"),
    [
        (
            Fixing(axis="length", size=13, node="/a/Add", operator="Add", part="a", tensor="rows"),
            "length is fixed at 13 by the node /a/Add (Add of a), which reads rows, of this size for all inputs.",
        ),
        (
            Fixing(axis="length", node="Reshape_4", operator="Reshape"),
            "length is fixed by the node Reshape_4 (Reshape).",
        ),
        (Fixing(axis="", node="/a/Gather", operator="Gather"), "The graph stops at the node /a/Gather (Gather)."),
        (
            Fixing(axis="batch_size", size=2),
            "batch_size is fixed by the file's declaration alone: its graph runs at other sizes.",
        ),
    ],
)
def test_found__names_what_fixes_an_axis(fixing: Fixing, sentence: str) -> None:
    (text,) = _texts(_with(cases=(make_case("batch 5", error="Invalid dimensions"),), fixings=(fixing,)))
    assert sentence in text


def test_found__a_runtime_that_is_wrong_is_told_from_a_file_that_is() -> None:
    (text,) = _texts(_with(cases=(_wrong("batch 1"),), unoptimised=make_case("batch 1")))
    assert (
        "Run without graph optimisation (ORT_DISABLE_ALL), the same file gives the model's answers at batch 1." in text
    )
    assert "ONNX Runtime's graph optimisation changes the answers: run the file with it turned off." in text


def test_found__failed_cases_explain_axes_that_they_leave_unproven() -> None:
    axes = (make_axis("batch", sizes=(1,)), make_axis(declared=False))
    first, second = _texts(_with(cases=(make_case(), _wrong("batch 5")), dynamic_axes=axes))
    assert first.startswith("1 of 2 cases failed.")
    assert "(sequence) is fixed" in second
    assert "(batch)" not in second


@pytest.mark.parametrize("name", problems.CHECK_REMEDIES)
def test_found__failed_check_has_detail_and_remedy(name: str) -> None:
    (problem,) = problems.found(_with(checks=(Check(name=name, passed=False, detail="18, although 13 was promised"),)))
    assert plain(problem.title) == f"The check {name} did not pass."
    assert plain(problem.details[0]) == "18, although 13 was promised"
    assert problem.remedy


def test_check_remedies__cover_every_check_that_can_fail() -> None:
    sources = Path(validation.__path__[0]).parent.rglob("*.py")
    made = {
        found
        for file in sources
        for found in re.findall(r'Check\(\s*name="([^"]+)",\s*passed=(\w+)', file.read_text(encoding="utf-8"))
    }
    failing = {name for name, passed in made if passed != "True"}
    assert failing <= set(problems.CHECK_REMEDIES) <= {name for name, _ in made}


def test_found__no_case_at_all_is_a_problem() -> None:
    assert _texts(_with(cases=(), dynamic_axes=()))[0].startswith("No case could be compared.")


def test_found__no_case_because_of_a_check_is_said_once() -> None:
    (text,) = _texts(
        _with(cases=(), checks=(Check(name="ONNX Runtime", passed=False, detail="Protobuf parsing failed"),))
    )
    assert text.startswith("The check ONNX Runtime did not pass. Protobuf parsing failed")


def test_found__lone_file_is_not_proven() -> None:
    (text,) = _texts(make_lone_report())
    assert text.startswith("The answers are not proven. There was no model to compare with")


def test_found__lone_file_that_differs_blames_optimisation() -> None:
    report = make_lone_report(validation=make_validation(reference="unoptimised", cases=(_wrong("N 2"),)))
    assert "ONNX Runtime's graph optimisation changes the answers" in _texts(report)[0]


def test_found__error_is_its_message_and_remedy() -> None:
    failure = Failure(kind="usage", message="There is no model `x`.", remedy="Name a folder.")
    assert _texts(make_error_report(failure=failure)) == ["There is no model x. Name a folder."]
