"""Foreign text in Markdown: whatever it holds, it stays text.

It must not become markup, end a table cell or a <details>, link anywhere, nor call people:
GitHub notifies whoever a comment mentions, and leaves a trace in every issue that it names.
"""

from __future__ import annotations

import html
import re

from onnx_export_action.report.spans import Line, Span, one_line

# A zero-width space parts a mention, an issue or an address from what would make it a link.
_PARTED = "\u200b"
_LINKS = re.compile(r"(?i)(@|#(?=\d)|\bgh-(?=\d)|\bwww(?=\.)|:(?=//))")
_SIGNS = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "*_[]~#!"},
        # A backslash before these is read twice in tables and in mathematics; an entity never is.
        **{sign: f"&#{ord(sign)};" for sign in "|\\$<>&`"},
    }
)
_LIST_OR_RULE = re.compile(r"^(\s*(?:[-+=]|\d{1,9}[.)](?=\s|$)))")
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_./:,=+()\[\]{}'\"% -]*[A-Za-z0-9_./:,=+()\[\]{}'\"%-]")


def inline(line: Line, bold: bool = False) -> str:
    """One line as Markdown; inside bold text, strong spans are bold already."""
    return "".join(_span(span, bold) for span in line).strip()


def text(foreign: str) -> str:
    """Plain text in Markdown, in a table or out of it."""
    escaped = _LINKS.sub(rf"\1{_PARTED}", one_line(foreign)).translate(_SIGNS)
    return _LIST_OR_RULE.sub(lambda found: f"{found[1][:-1]}\\{found[1][-1]}", escaped)


def summary(line: Line) -> str:
    """One line inside <summary>, where Markdown is not read."""
    parts = (html.escape(_LINKS.sub(rf"\1{_PARTED}", one_line(span.text)), quote=False) for span in line)
    return "".join(
        f"<code>{part}</code>" if span.style == "code" else part for part, span in zip(parts, line, strict=True)
    )


def code_block(content: str, language: str) -> str:
    """Text to copy: fenced where nothing in it could end the fence, else in <pre> with every sign escaped."""
    if "`" not in content and "<" not in content:
        return f"```{language}\n{content}\n```"
    return "<pre><code>" + html.escape(content).replace("`", "&#96;") + "</code></pre>"


def _span(span: Span, bold: bool) -> str:
    if not span.text.strip():
        return span.text
    if span.style == "code":
        return f"`{span.text}`" if _is_plain_code(span.text) else f"<code>{text(span.text)}</code>"
    if span.style == "strong" and not bold:
        return f"**{text(span.text.strip())}**"
    return text(span.text)


def _is_plain_code(foreign: str) -> bool:
    return foreign == foreign.strip() and _PLAIN_CODE.fullmatch(foreign) is not None
