"""Another runtime's answers in every rendering: agreed, differing, not run; and the verdict untouched."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from onnx_export_action.records import Elsewhere, Report
from onnx_export_action.report import document, html, markdown, terminal
from tests.factories import make_case, make_parity, make_report, make_validation

RUNTIME = "TensorFlow 2.21.0, converted by onnx2tf 1.28.8"
WRONG = make_case("batch 2", outputs=(make_parity(passed=False, max_abs_diff=0.5),))


def _terminal(report: Report) -> str:
    stream = io.StringIO()
    terminal.show(report, Console(file=stream, width=200, color_system=None), "")
    return stream.getvalue()


@pytest.mark.parametrize("render", [markdown.render, html.render, _terminal])
def test_render__a_row_for_each_file(render: object) -> None:
    rows = (
        Elsewhere(runtime=RUNTIME, shape="batch 1", case=make_case("batch 1")),
        Elsewhere(runtime=RUNTIME, shape="batch 2", case=WRONG),
        Elsewhere(runtime="TensorFlow", shape="batch 3", cause="onnx2tf stops <at> a node"),
    )
    report = make_report(validation=make_validation(elsewhere=rows))
    assert report.verdict == "pass"
    assert callable(render)
    page = render(report)
    for expected in (RUNTIME, "also run in", "✓ agrees", "✗ wrong", "could not be run: onnx2tf stops"):
        assert expected in page
    assert render is _terminal or "<at>" not in page


def test_json__keeps_the_row() -> None:
    report = make_report(
        validation=make_validation(elsewhere=(Elsewhere(runtime=RUNTIME, shape="batch 2", case=WRONG),))
    )
    read = document.from_json(document.to_json(report)).validation
    assert read is not None
    assert report.validation is not None
    assert read.elsewhere == report.validation.elsewhere
