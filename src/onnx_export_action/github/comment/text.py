"""The text of the pull request's comment: taken apart into parts, merged, and put together within GitHub's limit.

Each job owns one part, between two hidden markers; all else is made anew from the rows that the
parts carry. So whoever writes last writes the same, and what somebody edits by hand between the
parts does not last.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from onnx_export_action.github.comment.page import LEFT_OUT, NAME, Part, marker, written
from onnx_export_action.github.comment.row import unpacked
from onnx_export_action.github.context import Context
from onnx_export_action.report.escape import inline
from onnx_export_action.report.spans import code, line

# GitHub refuses more than 65,536 characters; whether it counts bytes is not documented, so this is safe either way.
LIMIT_BYTES = 60_000
SECTIONS, END_SECTIONS = f"<!-- {NAME}:sections -->", f"<!-- {NAME}:end-sections -->"
_PART = re.compile(
    rf"^<!-- {NAME}:part (?P<key>[0-9a-f]{{16}}) (?P<row>[\w-]{{1,1500}}) -->\n"
    rf"(?P<body>.*?)^<!-- {NAME}:end (?P=key) -->$",
    re.MULTILINE | re.DOTALL | re.ASCII,
)
_SECTIONS = re.compile(rf"^{re.escape(SECTIONS)}\n.*?^{re.escape(END_SECTIONS)}\n", re.MULTILINE | re.DOTALL)


def is_marked(body: str, workflow: str) -> bool:
    """Whether a comment is the one of this workflow, as far as its text says."""
    return body.lstrip().partition("\n")[0].rstrip() == marker(workflow)


def parts_of(body: str) -> list[Part]:
    """The parts of a comment; what is damaged is none, and its job will write it again."""
    found = ((match["key"], unpacked(match["row"]), match["body"]) for match in _PART.finditer(body.replace("\r", "")))
    return [Part(key, row, text.strip()) for key, row, text in found if row is not None]


def newest(parts: Iterable[Part]) -> dict[str, Part]:
    """One part a key: that of the latest run; between equals, the last."""
    kept: dict[str, Part] = {}
    for part in parts:
        if part.key not in kept or part.row.age >= kept[part.key].row.age:
            kept[part.key] = part
    return kept


def merged(bodies: Iterable[str], own: Sequence[Part], context: Context) -> str:
    """The comment with our parts in the places of their predecessors and everybody else's as it stands."""
    standing = list(bodies)
    parts = newest([part for body in standing for part in parts_of(body)])
    for part in own:
        before = parts.get(part.key)
        # What stands after an earlier write of ours may be folded already: that is ours too.
        if before is None or (before.row != part.row and before.row.age <= part.row.age):
            parts[part.key] = part
    left_out = any(LEFT_OUT in body for body in standing)
    return fitted(list(parts.values()), own[0].key, context, left_out)


def bounded(part: Part, context: Context) -> Part:
    """A part that is no longer than the comment may be; of a report that somebody else wrote."""
    for shorter in _SHORTER:
        if not _fits(part.body):
            part = shorter(part, context)
    return part


def fitted(parts: list[Part], own: str, context: Context, left_out: bool = False) -> str:
    """The comment within the limit: sections go first, then whole texts, then rows; the best before the worst."""
    ordered = sorted((_harmless(part) for part in parts), key=lambda part: (part.row.order, part.key))

    def after(steps: int) -> str:
        kept = _shortened(ordered, steps, own, context)
        return written(kept, context, left_out or len(kept) < len(ordered))

    most = len(ordered) * (len(_SHORTER) + 1)
    return after(bisect.bisect_left(range(most), True, key=lambda steps: _fits(after(steps))))


def _shortened(ordered: list[Part], steps: int, own: str, context: Context) -> list[Part]:
    """The parts after some steps, each of which takes something from one part, the last first, round by round."""
    rounds, begun = divmod(steps, len(ordered))
    kept = []
    for index, part in enumerate(ordered):
        taken = rounds + (index >= len(ordered) - begun)
        if taken <= len(_SHORTER) or part.key == own:
            kept.append(functools.reduce(lambda left, shorter: shorter(left, context), _SHORTER[:taken], part))
    return kept


def _without_sections(part: Part, context: Context) -> Part:
    return _shorter(part, _SECTIONS.sub(f"{_moved('These sections are', part, context)}\n", part.body))


def _without_details(part: Part, context: Context) -> Part:
    name = f"{part.row.mark} {inline(line(code(part.row.model)))}"
    return _shorter(part, f"{name}: {_moved('The report is', part, context)}")


def _without_text(part: Part, _: Context) -> Part:
    return _shorter(part, "")


def _shorter(part: Part, body: str) -> Part:
    return replace(part, body=min(part.body, body, key=_size))


def _moved(what: str, part: Part, context: Context) -> str:
    run = context.url_of_run(part.row.run)
    where = f"[the job's summary]({run})" if run else "the job's summary"
    return f"*{what} too long for this comment: see {where}.*"


def _harmless(part: Part) -> Part:
    """No text of a part opens or ends a hidden marker, but for the two that fold it."""
    kept = (
        part.body.replace("\r", "")
        .strip()
        .replace(SECTIONS, "\0s")
        .replace(END_SECTIONS, "\0e")
        .replace("<!--", "&lt;!--")
    )
    return replace(part, body=kept.replace("\0s", SECTIONS).replace("\0e", END_SECTIONS))


def _fits(written: str) -> bool:
    return _size(written) <= LIMIT_BYTES


def _size(written: str) -> int:
    return len(written.encode("utf-8", "replace"))


_SHORTER: tuple[Callable[[Part, Context], Part], ...] = (_without_sections, _without_details, _without_text)
