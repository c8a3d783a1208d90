"""One HTML page that needs nothing else: for the bundle, a browser, a phone."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from onnx_export_action.records import Report
from onnx_export_action.report import chart
from onnx_export_action.report.view import view_of

_TEMPLATES = Environment(
    loader=PackageLoader("onnx_export_action.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(report: Report) -> str:
    """The whole report as one page, every text escaped by the template engine."""
    page = compile_page().render(view=view_of(report), chart=chart)
    return page.encode("utf-8", "replace").decode("utf-8") + "\n"


def compile_page() -> Template:
    """The page's template, which the first call compiles."""
    return _TEMPLATES.get_template("report.html.j2")
