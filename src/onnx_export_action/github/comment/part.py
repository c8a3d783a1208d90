"""A job's part of the comment, made from its report: the row, what is wrong, and a fold with the rest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from onnx_export_action.github.comment.lasting import lasting
from onnx_export_action.github.comment.page import Part
from onnx_export_action.github.comment.row import Pace, Row
from onnx_export_action.github.comment.text import END_SECTIONS, SECTIONS
from onnx_export_action.github.context import Context
from onnx_export_action.records import Comparison, Publication, Report, Request
from onnx_export_action.report import escape, headline, markdown
from onnx_export_action.report.spans import Line, code, line
from onnx_export_action.report.view import View, view_of

_LONGEST_NAME = 100
_LONGEST_GATE, _MOST_GATES = 60, 3


def part_of(report: Report, context: Context, publication: Publication) -> Part:
    """What a job has to say; of the report alone, but for the commit and the run, which it is not trusted to name."""
    request = report.request or Request(model=report.model.id if report.model else "unknown model")
    row = _row(report, request, context)
    return Part(key_of(request), row, _body(report, row, context, publication))


def key_of(request: Request) -> str:
    """The same for a re-run, another for every other job, model and choice of inputs."""
    return _digest([request.job, request.model, request.inputs])


def _row(report: Report, request: Request, context: Context) -> Row:
    name = headline.shown_id(report.model) if report.model else request.model
    first = headline.headline_timing(report.benchmark)
    sizes = [file.size_bytes for file in report.main_files]
    return Row(
        model=_clipped(name),
        note=_clipped(", ".join(f"{name} {value}" for name, value in sorted(request.inputs.items()))),
        tone=headline.tone(report),
        verdict=report.verdict,
        size=sum(sizes) if sizes else None,
        p50=float(f"{first.p50_ms:.4g}") if first else None,
        diff=float(f"{report.validation.max_abs_diff:.3g}")
        if report.validation and report.validation.max_abs_diff is not None
        else None,
        commit=context.commit,
        run=context.run_id,
        attempt=context.run_attempt,
        **_against_base(report.comparison),
        digest=_digest(lasting(report)),
    )


def _against_base(comparison: Comparison | None) -> dict[str, Any]:
    if comparison is None:
        return {}
    failed = [gate.condition[:_LONGEST_GATE] for gate in comparison.gates if gate.outcome == "failed"]
    before = comparison.size.base if comparison.size is not None else None
    first = comparison.latency[0] if comparison.latency else None
    return {
        "base_size": int(before) if before is not None else None,
        "pace": Pace(verdict=first.verdict, ratio=first.ratio, low=first.low, high=first.high) if first else None,
        "gates": tuple(failed[:_MOST_GATES]),
    }


def _body(report: Report, row: Row, context: Context, publication: Publication) -> str:
    view = view_of(report)
    name = line(code(row.model))
    title = [f"<b>{escape.summary(name)}</b>", *map(escape.summary, headline.nature(report))]
    folded = [
        f"<details><summary>{view.mark} {' · '.join(title)}</summary>",
        markdown.figures_table(view) if view.figures else "",
        f"{SECTIONS}\n\n" + "\n\n".join(map(markdown.fold, view.sections)) + f"\n\n{END_SECTIONS}\n",
        " · ".join(_links(context, publication)),
        "</details>",
    ]
    return "\n\n".join(piece for piece in (*_wrong(view, name), *folded) if piece)


def _wrong(view: View, name: Line) -> list[str]:
    """Above the fold: the first problem under the model's name, the verdict in words where it has no title."""
    if not view.problems:
        return []
    first, *others = view.problems
    title = f"{view.mark} **{escape.inline(name)}: {escape.inline(first.title or view.headline, bold=True)}**"
    return [title, *map(markdown.problem_text, (replace(first, title=()), *others))]


def _links(context: Context, publication: Publication) -> list[str]:
    found = {"files": publication.artifact_url, "full report": context.run_url}
    return [f"[{name}]({address})" for name, address in found.items() if address]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, sort_keys=True).encode("ascii")).hexdigest()[:16]


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
