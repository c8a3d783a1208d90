"""What a person reads, whole: six reports in every rendering, against files that a reviewer can look at."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from onnx_export_action.records import Report
from onnx_export_action.report import document, html, markdown, terminal
from tests import factories

REPORTS = {
    "pass": factories.make_report,
    "fail": factories.make_failed_report,
    "error": factories.make_error_report,
    "lone-onnx": factories.make_lone_report,
    "variants": lambda: factories.make_report(variants=(factories.make_variant(), factories.make_failed_variant())),
    "changed": lambda: factories.make_report(comparison=factories.make_comparison()),
}


def _on_terminal(report: Report) -> str:
    stream = io.StringIO()
    terminal.show(report, Console(file=stream, width=100, color_system=None), folder="onnx-export")
    return stream.getvalue()


RENDERINGS = {"json": document.to_json, "md": markdown.render, "html": html.render, "txt": _on_terminal}


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("name", REPORTS)
def test_render__matches_golden_file(name: str, rendering: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.{rendering}", RENDERINGS[rendering](REPORTS[name]()))
