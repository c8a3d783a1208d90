"""Text with its meaning apart from its markup: each rendering escapes every span, so no text can be markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "strong", "code"]


@dataclass(frozen=True)
class Span:
    """A piece of one line."""

    text: str
    style: Style = "plain"


Line = tuple[Span, ...]


def line(*parts: str | Span) -> Line:
    """A line of spans; bare text is plain."""
    return tuple(part if isinstance(part, Span) else Span(one_line(part)) for part in parts if part != "")


def code(text: object) -> Span:
    """A name or value that the reader may copy."""
    return Span(one_line(str(text)), "code")


def strong(text: str) -> Span:
    """What the eye should find first."""
    return Span(one_line(text), "strong")


def prose(text: str) -> Line:
    """A sentence in which backticks mark names, as our messages do; each part is still only text."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return line(text)
    return line(*(code(part) if index % 2 and part.strip() else part for index, part in enumerate(parts)))


def joined(lines: list[Line], separator: str) -> Line:
    """Lines behind one another with a separator between."""
    spans = [span for each in lines for span in (Span(separator), *each)]
    return tuple(spans[1:])


def plain(spans: Line) -> str:
    """The bare text of a line."""
    return "".join(span.text for span in spans)


def one_line(text: str) -> str:
    """Without line breaks, controls, invisible and direction-changing characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if char.isspace() else char if char.isprintable() else "\ufffd" for char in text)
