"""When the base's files may be taken, and how the report says that they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onnx_export_action.baseline.found import Found
from onnx_export_action.baseline.reuse import why_not
from onnx_export_action.records import Comparison, Gate
from onnx_export_action.report import html, markdown
from onnx_export_action.settings import Settings
from tests.factories import make_base, make_benchmark, make_export, make_failed_report, make_report

KEY = "f" * 64
GATED = Comparison(baseline=make_base(), gates=(Gate(condition="size > 1 MB", outcome="failed"),))


def asked(report: Any = None, key: str = KEY, kind: str = "artifact", **inputs: Any) -> str:
    known = make_report(fingerprint=KEY) if report is None else report
    found = Found(make_base(kind=kind), Path("base"), Path("base/model.onnx"), known or None)
    return why_not(found, key, Settings(model="m", workspace=Path("/w")).model_copy(update=inputs))


def test_why_not__the_same_fingerprint_may_be_taken() -> None:
    assert asked() == ""


def test_why_not__a_gate_of_the_base_is_none_of_ours() -> None:
    assert asked(make_report(fingerprint=KEY, comparison=GATED)) == ""


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"reuse": False}, "`reuse` is `false`"),
        ({"kind": "path"}, "only what a run of this repository left is trusted so far"),
        ({"key": ""}, "what determines them is not known"),
        ({"key": "0" * 64}, "the model, an input, a library or this program has changed"),
        ({"report": make_report()}, "the model, an input, a library or this program has changed"),
        ({"report": make_report(), "key": ""}, "what determines them is not known"),
        ({"report": make_failed_report(fingerprint=KEY)}, "they did not pass"),
        ({"report": make_report(fingerprint=KEY, export=None)}, "they did not pass"),
        ({"report": False}, "they did not pass"),
        ({"report": make_report(fingerprint=KEY, benchmark=None)}, "they were not timed"),
    ],
    ids=str,
)
def test_why_not__anything_else_is_exported(given: dict[str, Any], why: str) -> None:
    assert asked(**given).startswith(why)


@pytest.mark.parametrize("benchmark", [None, make_benchmark()])
def test_why_not__timings_are_not_missed_where_none_are_wanted(benchmark: Any) -> None:
    assert asked(make_report(fingerprint=KEY, benchmark=benchmark), benchmark_seconds=0.0) == ""


def test_render__says_that_nothing_was_exported() -> None:
    report = make_report(export=make_export(attempts=(), reused_from=make_base(name="<b>name</b>")))
    text, page = markdown.render(report), html.render(report)
    for said in (text, page):
        assert "unchanged since" in said
        assert "Nothing was exported in this run" in said
        assert "9f8e7d6" in said
        assert "2026-05-04T03:02:01Z" in said
        assert "<b>name</b>" not in said.replace("`<b>name</b>`", "")
    assert "1 attempt" not in text
