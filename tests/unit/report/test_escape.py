"""Hostile text in Markdown, read back by a CommonMark parser with GitHub's tables, HTML allowed."""

from __future__ import annotations

import html as entities
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from onnx_export_action.report import escape
from onnx_export_action.report.spans import Span, code, line, one_line, strong

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ATTACKS = (
    "</details>",
    "<script>alert(1)</script>",
    "a|b||c\\|d",
    "`` ` ```",
    "x\n\n# heading\n- item\n1. one\n",
    "\r\n| a | b |\r\n|---|---|",
    "@octocat and @org/team",
    "![pixel](https://evil.example/p.png) [link](javascript:alert(1))",
    "https://evil.example www.evil.example mail@evil.example <https://evil.example>",
    "#1 GH-2 owner/repo#3",
    "**bold** _it_ ~~gone~~ $x$ ***",
    "&lt;b&gt; &#124; &amp;",
    "<!-- never closed",
    "- [ ] task",
    "1. item",
    "===",
    "\x1b[31mred\x1b[0m\x00\u202eesrever\u2066",
    "\ud800",
    "\\",
    "trailing\\",
)
hostile = st.one_of(
    st.sampled_from(ATTACKS),
    st.lists(st.sampled_from([*ATTACKS, *"|`<>@#\\*_[]()!~$&:-+=.\n\r\t ab1"]), max_size=12).map("".join),
    st.text(max_size=40),
)
styles = st.sampled_from(["plain", "code", "strong"])
ALLOWED_INLINE = {"text", "code_inline", "strong_open", "strong_close", "text_special", "html_inline", "softbreak"}


def _inline_tokens(markdown: str) -> list[Token]:
    return [child for token in PARSER.parse(markdown) for child in token.children or ()]


def _shown(tokens: list[Token]) -> str:
    """What the reader sees of inline tokens; our own <code> is the only HTML that there may be."""
    tags = {token.content for token in tokens if token.type == "html_inline"}
    assert tags <= {"<code>", "</code>"}
    return "".join(
        token.content for token in tokens if token.type not in ("html_inline", "strong_open", "strong_close")
    )


def _bare(text: str) -> str:
    return re.sub(r"[\u200b\s]+", "", text)


@given(hostile, styles)
def test_inline__stays_one_paragraph_of_the_same_text(text: str, style: str) -> None:
    written = escape.inline(line("Cause: ", Span(one_line(text), style), " end"))
    tokens = PARSER.parse(written)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = _inline_tokens(written)
    assert {token.type for token in children} <= ALLOWED_INLINE
    assert _bare(_shown(children)) == _bare(f"Cause: {one_line(text)} end")


@given(hostile, styles)
def test_inline__is_safe_where_a_line_begins(text: str, style: str) -> None:
    written = escape.inline(line(Span(one_line(text), style)))
    kinds = {token.type for token in PARSER.parse(written)}
    assert kinds <= {"paragraph_open", "inline", "paragraph_close"}


@given(st.lists(st.tuples(hostile, styles), min_size=3, max_size=3))
def test_inline__keeps_the_columns_of_a_table(cells: list[tuple[str, str]]) -> None:
    row = " | ".join(escape.inline(line(Span(one_line(text), style))) for text, style in cells)
    tokens = PARSER.parse(f"| a | b | c |\n| --- | --- | --- |\n| {row} |\n\nafter")
    kinds = [token.type for token in tokens]
    assert kinds.count("td_open") == 3
    assert kinds.count("tr_open") == 2
    after = [tokens[index + 1].children or [] for index, kind in enumerate(kinds) if kind == "td_open"]
    assert [_bare(_shown(cell)) for cell in after] == [_bare(one_line(text)) for text, _ in cells]


@given(hostile, styles)
def test_inline__leaves_no_sign_raw(text: str, style: str) -> None:
    written = escape.inline(line(Span(one_line(text), style))).replace("<code>", "").replace("</code>", "")
    assert not re.search(r"[<>|\n\r\x00-\x08\x1b\u202e]", written)


@given(hostile, styles)
def test_inline__calls_nobody_and_links_nowhere(text: str, style: str) -> None:
    shown = entities.unescape(escape.inline(line("see ", Span(one_line(text), style))))
    outside_code = re.sub(r"`[^`]*`", "", shown)
    assert not re.search(r"@\w", shown)
    assert not re.search(r"(?i)#\d|\bgh-\d|://|\bwww\.", outside_code)


@given(hostile)
def test_summary__is_text_in_html(text: str) -> None:
    written = escape.summary(line("Error ", code(text), strong(text)))
    assert not re.search(r"<(?!/?code>)", written)
    assert "\n" not in written
    assert not re.search(r"@\w", entities.unescape(written))


@given(hostile, st.sampled_from(["python", "sh"]))
def test_code_block__is_one_block_of_the_same_text(text: str, language: str) -> None:
    content = "\n".join(one_line(row) for row in text.split("\n"))
    tokens = PARSER.parse(f"before\n\n{escape.code_block(content, language)}\n\nafter")
    kinds = [token.type for token in tokens]
    assert kinds[:3] == kinds[-3:] == ["paragraph_open", "inline", "paragraph_close"]
    assert kinds[3:-3] in (["fence"], ["html_block"])
    shown = tokens[3].content
    if tokens[3].type == "html_block":
        shown = entities.unescape(shown.strip().removeprefix("<pre><code>").removesuffix("</code></pre>"))
    assert shown.strip("\n") == content.strip("\n")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("batch 2, sequence 33", "batch 2, sequence 33"),
        ("a|b", "a&#124;b"),
        ("<b>", "&#60;b&#62;"),
        ("snake_case*", "snake\\_case\\*"),
        ("@octocat", "@\u200boctocat"),
        ("- item", "\\- item"),
        ("12. item", "12\\. item"),
        ("1.80 MB", "1.80 MB"),
        ("two\nlines", "two lines"),
    ],
)
def test_text__escapes(text: str, written: str) -> None:
    assert escape.text(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("org/model-v1.0", "`org/model-v1.0`"),
        ("a`b", "<code>a&#96;b</code>"),
        ("@me", "<code>@\u200bme</code>"),
        ("</code>", "<code>&#60;/code&#62;</code>"),
    ],
)
def test_inline__code_is_plain_where_it_can_be(text: str, written: str) -> None:
    assert escape.inline(line(code(text))) == written
