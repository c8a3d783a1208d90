"""What the comment looks like: the first line, the table of the rows, the parts between their hidden markers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from onnx_export_action.github.comment.row import Row
from onnx_export_action.github.context import Context
from onnx_export_action.records import Change
from onnx_export_action.report import changes, units
from onnx_export_action.report.escape import inline, text
from onnx_export_action.report.ratio import ratio_words
from onnx_export_action.report.spans import code, line

NAME = "onnx-export-action"
LEFT_OUT = f"<!-- {NAME}:left-out -->"
# Between a number and its unit, which a narrow screen must not part.
_NO_BREAK = "\N{NO-BREAK SPACE}"
_UNBROKEN = str.maketrans(" ", _NO_BREAK)
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
    return f"<!-- {NAME}:comment workflow={quote(workflow, safe='').replace('-', '%2D')} -->"


def written(parts: list[Part], context: Context, left_out: bool) -> str:
    """The whole comment, of parts in the order in which they are read."""
    latest = max((part.row for part in parts), key=lambda row: row.age)
    lines = [marker(context.workflow), _headline([part.row for part in parts], left_out), _table(parts, latest)]
    if left_out:
        lines += [LEFT_OUT, "*There are more models than one comment holds: the others are in the runs' summaries.*"]
    if not all(part.body for part in parts):
        lines.append("*A model without a text below is too much for this comment: see its run's summary.*")
    lines += [
        f"<!-- {NAME}:part {part.key} {part.row.packed()} -->\n{part.body}\n<!-- {NAME}:end {part.key} -->"
        for part in parts
    ]
    return "\n\n".join((*lines, _footer(latest, context))) + "\n"


def _headline(rows: list[Row], left_out: bool) -> str:
    worst = min(rows, key=lambda row: row.order)
    if len(rows) == 1:
        if worst.gates:
            gates = units.plural(len(worst.gates), "gate")
            return f"### {worst.mark} {gates} failed: this change may not be merged as it is"
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
    failed = ", ".join(inline(line(code(condition))) for condition in row.gates)
    return (
        f"{row.mark} {row.verdict}{failed and f': {failed}'}",
        name + earlier,
        _size(row),
        _latency(row),
        units.digits(row.diff) if row.diff is not None else "",
    )


def _size(row: Row) -> str:
    if row.size is None:
        return ""
    now = units.size(row.size).translate(_UNBROKEN)
    if row.base_size is None:
        return now
    if row.base_size == row.size:
        return f"{now} (±0)"
    size = Change(name="size", unit="bytes", base=row.base_size, head=row.size)
    before, moved = (said.translate(_UNBROKEN) for said in (units.size(row.base_size), text(changes.changed(size))))
    return f"{before} → **{now}** ({moved})"


def _latency(row: Row) -> str:
    if row.p50 is None:
        return ""
    latency = units.milliseconds(row.p50).translate(_UNBROKEN)
    if row.pace is None:
        return latency
    pace = inline(ratio_words(row.pace))
    return f"{latency} · {re.sub(r'(?<=±) | (?=%)', _NO_BREAK, pace)}"


def _footer(latest: Row, context: Context) -> str:
    commit = f"`{latest.commit[:7]}`" if latest.commit else ""
    run = context.url_of_run(latest.run)
    said = " · ".join(part for part in (commit, f"[run and summary]({run})" if run else "") if part)
    return f"<sub>Answers: greatest absolute difference from the reference.{f' {said}' if said else ''}</sub>"
