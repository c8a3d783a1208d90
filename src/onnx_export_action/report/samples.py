"""Real inputs: how many answers are the model's, and the worst of those that are not."""

from __future__ import annotations

from onnx_export_action.records import Disagreement, Samples
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Block, Paragraph, Section, table
from onnx_export_action.report.spans import Line, code, line


def samples_section(samples: Samples) -> Section:
    """The share of equal answers, and the worst disagreements; open when one of them is wrong."""
    blocks: list[Block] = [Paragraph(_taken(samples))]
    if samples.error:
        blocks.append(Paragraph(line(f"The file gave no answer to one of them: {samples.error}")))
    if samples.worst:
        rows = [_row(one) for one in samples.worst]
        blocks.append(table("sample+|the same:|PyTorch|ONNX Runtime|margin:|result", rows))
        blocks.append(Paragraph(_told(samples)))
    return Section("samples", "Real inputs", _summary(samples), tuple(blocks), open=not samples.passed)


def _summary(samples: Samples) -> Line:
    if samples.agreement_pct is None:
        return line("no answer")
    counted = units.share(samples.same, samples.answers, "answer")
    return line(f"{counted} the model's ({units.percent(samples.agreement_pct)})")


def _taken(samples: Samples) -> Line:
    if samples.taken == samples.given:
        return line(f"{units.plural(samples.taken, 'sample')} of ", code(samples.source), ".")
    return line(f"The first {units.share(samples.taken, samples.given, 'sample')} of ", code(samples.source), ".")


def _row(one: Disagreement) -> tuple[str | Line, ...]:
    return (
        line(f"{one.place}: {one.sample}" if one.place else one.sample),
        f"{one.same:,} of {one.answers:,}",
        _answer(one.expected),
        _answer(one.actual),
        "none" if one.margin is None else units.digits(one.margin),
        "✗ wrong" if one.wrong else "as good",
    )


def _answer(text: str) -> str | Line:
    return line(code(text)) if text else ""


def _told(samples: Samples) -> Line:
    shown = f"These are the worst of {samples.differing:,}. " if samples.differing > len(samples.worst) else ""
    return line(
        f"{shown}The margin is by how much the model prefers its own answer to the file's; an answer is as good where "
        "rounding within the limits explains that."
    )
