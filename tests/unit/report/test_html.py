from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from onnx_export_action.records import Report
from onnx_export_action.report import html
from tests.factories import make_error_report, make_failed_report, make_lone_report, make_report
from tests.unit.report.test_escape import hostile
from tests.unit.report.test_markdown import hostile_report

VOID = {"meta", "link", "img", "br", "hr", "input"}


class _Page(HTMLParser):
    """Tags in order and whether they nest; texts; attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("make", [make_report, make_failed_report, make_error_report, make_lone_report])
def test_render__loads_and_runs_nothing(make: type[Report]) -> None:
    page = _Page(html.render(make()))
    assert not page.open
    assert not {"script", "link", "img", "iframe", "a", "form", "base", "object"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert not re.search(r"url\(|@import|https?:", html.render(make()))


def test_render__policy_forbids_everything_but_its_own_style() -> None:
    policies = [
        value
        for tag, name, value in _Page(html.render(make_report())).attributes
        if tag == "meta" and name == "content"
    ]
    assert policies[0] == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def test_render__begins_with_the_doctype_and_suits_both_themes_and_phones() -> None:
    text = html.render(make_report())
    assert text.startswith("<!DOCTYPE html>\n")
    assert "prefers-color-scheme: dark" in text
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text


@settings(max_examples=40)
@given(hostile.filter(bool))
def test_render__foreign_text_changes_no_structure(text: str) -> None:
    calm = _Page(html.render(hostile_report("x" * (2 + len(text) % 2))))
    page = _Page(html.render(hostile_report(text)))
    ignored = {"code", "strong"}  # backticks in our sentences mark names
    assert [tag for tag in page.tags if tag not in ignored] == [tag for tag in calm.tags if tag not in ignored]


def test_render__the_title_says_the_verdict() -> None:
    assert "<title>❌ Fail: the ONNX file does not give the model&#39;s answers</title>" in html.render(
        make_failed_report()
    )
