"""The text of the pull request's comment: taken apart into parts, merged, and put together within GitHub's limit.

Each job owns one part, between two hidden markers; all else is made anew from the rows that the
parts carry. So whoever writes last writes the same, and what somebody edits by hand between the
parts does not last.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from onnx_export_action.github.comment_row import Row, unpacked
from onnx_export_action.github.context import Context
from onnx_export_action.report import units
from onnx_export_action.report.escape import inline, text
from onnx_export_action.report.spans import code, line

# GitHub refuses more than 65,536 characters; whether it counts bytes is not documented, so this is safe either way.
LIMIT_BYTES = 60_000
_NAME = "onnx-export-action"
SECTIONS, END_SECTIONS = f"<!-- {_NAME}:sections -->", f"<!-- {_NAME}:end-sections -->"
_LEFT_OUT = f"<!-- {_NAME}:left-out -->"
_PART = re.compile(
    rf"^<!-- {_NAME}:part (?P<key>[0-9a-f]{{16}}) (?P<row>[\w-]{{1,1500}}) -->\n"
    rf"(?P<body>.*?)^<!-- {_NAME}:end (?P=key) -->$",
    re.MULTILINE | re.DOTALL | re.ASCII,
)
_SECTIONS = re.compile(rf"^{re.escape(SECTIONS)}\n.*?^{re.escape(END_SECTIONS)}\n", re.MULTILINE | re.DOTALL)
_SENTENCES = {
    "pass": "The ONNX file gives the model's answers",
    "fail": "The ONNX file is not proven",
    "error": "There is no ONNX file to judge",
}


@dataclass(frozen=True)
class Part:
    """What one job says: its row in the table, and the text below it."""

    key: str
    row: Row
    body: str


def marker(workflow: str) -> str:
    """The hidden first line by which a workflow finds its comment."""
    return f"<!-- {_NAME}:comment workflow={quote(workflow, safe='').replace('-', '%2D')} -->"


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


def merged(bodies: Iterable[str], own: Part, context: Context) -> str:
    """The comment with our part in the place of its predecessor and everybody else's as it stands."""
    standing = list(bodies)
    parts = newest([part for body in standing for part in parts_of(body)])
    before = parts.get(own.key)
    # What stands after an earlier write of ours may be folded already: that is ours too.
    if before is None or (before.row != own.row and before.row.age <= own.row.age):
        parts[own.key] = own
    left_out = any(_LEFT_OUT in body for body in standing)
    return fitted(list(parts.values()), own.key, context, left_out)


def fitted(parts: list[Part], own: str, context: Context, left_out: bool = False) -> str:
    """The comment within the limit: sections go first, then whole texts, then rows; the best before the worst."""
    ordered = sorted((_harmless(part) for part in parts), key=lambda part: (part.row.order, part.key))

    def after(steps: int) -> str:
        kept = _shortened(ordered, steps, own, context)
        return _written(kept, context, left_out or len(kept) < len(ordered))

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


def _written(parts: list[Part], context: Context, left_out: bool) -> str:
    latest = max((part.row for part in parts), key=lambda row: row.age)
    lines = [marker(context.workflow), _headline([part.row for part in parts], left_out), _table(parts, latest)]
    if left_out:
        lines += [_LEFT_OUT, "*There are more models than one comment holds: the others are in the runs' summaries.*"]
    if not all(part.body for part in parts):
        lines.append("*A model without a text below is too much for this comment: see its run's summary.*")
    lines += [
        f"<!-- {_NAME}:part {part.key} {part.row.packed()} -->\n{part.body}\n<!-- {_NAME}:end {part.key} -->"
        for part in parts
    ]
    return "\n\n".join((*lines, _footer(latest, context))) + "\n"


def _headline(rows: list[Row], left_out: bool) -> str:
    worst = min(rows, key=lambda row: row.order)
    if len(rows) == 1:
        caveat = ", but its answers are not proven" if worst.tone == "caution" else ""
        sentence = "The ONNX file runs" if caveat else _SENTENCES[worst.verdict]
        return f"### {worst.mark} {sentence}{caveat}"
    shown = " shown here" if left_out else ""
    bad, doubtful = (sum(row.tone == tone for row in rows) for tone in ("bad", "caution"))
    if bad:
        return f"### {worst.mark} {units.share(bad, len(rows), 'ONNX export')}{shown} did not pass"
    if doubtful:
        return f"### {worst.mark} {units.share(doubtful, len(rows), 'ONNX file')}{shown} passed with a caveat"
    return f"### {worst.mark} All {len(rows)} ONNX files{shown} give their models' answers"


def _table(parts: list[Part], latest: Row) -> str:
    rows: list[tuple[str, ...]] = [
        ("verdict", "model", "size", "latency p50", "answers"),
        (":--", ":--", "--:", "--:", "--:"),
    ]
    rows += [_cells(part.row, latest) for part in parts]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cells(row: Row, latest: Row) -> tuple[str, ...]:
    name = inline(line(code(row.model))) + (f" · {text(row.note)}" if row.note else "")
    earlier = f" · of {inline(line(code(row.commit[:7])))}" if row.commit and row.commit != latest.commit else ""
    return (
        f"{row.mark} {row.verdict}",
        name + earlier,
        units.size(row.size) if row.size is not None else "",
        units.milliseconds(row.p50) if row.p50 is not None else "",
        units.digits(row.diff) if row.diff is not None else "",
    )


def _footer(latest: Row, context: Context) -> str:
    commit = f"`{latest.commit[:7]}`" if latest.commit else ""
    run = context.url_of_run(latest.run)
    said = " · ".join(part for part in (commit, f"[run and summary]({run})" if run else "") if part)
    return f"<sub>Answers: greatest absolute difference from the reference.{f' {said}' if said else ''}</sub>"


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
