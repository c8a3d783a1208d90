"""A job's part of the comment, made from its report: the row, what is wrong, and a fold with the rest."""

from __future__ import annotations

import hashlib
import json

from onnx_export_action.github.comment.page import Part
from onnx_export_action.github.comment.row import Row
from onnx_export_action.github.comment.text import END_SECTIONS, SECTIONS
from onnx_export_action.github.context import Context
from onnx_export_action.records import Publication, Report, Request
from onnx_export_action.report import escape, headline, markdown
from onnx_export_action.report.spans import code, line
from onnx_export_action.report.view import view_of

_LONGEST_NAME = 100


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
        digest=_digest(_lasting(report)),
    )


def _body(report: Report, row: Row, context: Context, publication: Publication) -> str:
    view = view_of(report)
    name = line(code(row.model))
    wrong = [markdown.problem_text(problem) for problem in view.problems]
    if wrong:
        wrong.insert(0, f"{view.mark} **{escape.inline(name)}: {escape.inline(view.headline, bold=True)}**")
    title = f"{view.mark} <b>{escape.summary(name)}</b> · {escape.summary(view.headline)}"
    folded = [
        f"<details><summary>{title}</summary>",
        escape.inline(view.subject),
        markdown.figures_table(view) if view.figures else "",
        f"{SECTIONS}\n\n" + "\n\n".join(map(markdown.fold, view.sections)) + f"\n\n{END_SECTIONS}\n",
        " · ".join(_links(context, publication)),
        "</details>",
    ]
    return "\n\n".join(piece for piece in (*wrong, *folded) if piece)


def _links(context: Context, publication: Publication) -> list[str]:
    found = {"files": publication.artifact_url, "full report": context.run_url}
    return [f"[{name}]({address})" for name, address in found.items() if address]


def _lasting(report: Report) -> object:
    """What two runs on the same model have in common: neither times, nor memory, nor digits of the differences."""
    export, validation = report.export, report.validation
    return [
        report.verdict,
        report.tool_version,
        report.model.model_dump(mode="json", include={"id", "task", "architecture"}) if report.model else None,
        [export.exporter, export.opset, [(each.exporter, each.ok) for each in export.attempts]] if export else None,
        [(file.path, file.size_bytes) for file in report.main_files],
        report.graph.model_dump(mode="json") if report.graph else None,
        [(check.name, check.passed) for check in validation.checks] if validation else None,
        [(case.shape, case.passed) for case in validation.cases] if validation else None,
        [(axis.input, axis.name, axis.passed) for axis in validation.dynamic_axes] if validation else None,
        report.failure.model_dump(mode="json") if report.failure else None,
    ]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, sort_keys=True).encode("ascii")).hexdigest()[:16]


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
