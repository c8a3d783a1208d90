"""The variants beside the exported file: size, latency, difference, answers, and which one is recommended."""

from __future__ import annotations

from onnx_export_action.records import Report, Variant
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Block, Paragraph, Section, Table, table
from onnx_export_action.report.ratio import ratio_words
from onnx_export_action.report.spans import Line, code, joined, line, prose
from onnx_export_action.variants.recommendation import FOR_GPU, RULE, recommended

_EXPORT = "export"
_COLUMNS = {
    "variant": "variant",
    "size": "size:",
    "p50": "p50:",
    "pace": "latency is",
    "difference": "max diff:",
    "noise": "signal to noise:",
    "answers": "same answers:",
    "result": "result",
}
_SLOW_HALF = (
    " is slower on this processor, which computes it in fp32 and converts back and forth: "
    "it is for GPUs, or for its size."
)

Cells = dict[str, str | Line]


def variants_section(report: Report) -> Section | None:
    """One row for each file; none where no variant was asked for."""
    variants = report.variants
    if not variants:
        return None
    exported = sum(file.size_bytes for file in report.main_files)
    best = recommended(variants, exported)
    rows = [_export(report, exported, best), *(_variant(variant, exported, best) for variant in variants)]
    texts = [*_causes(variants), prose(RULE), *_conditions(variants), *_remarks(variants)]
    failed = sum(not variant.passed for variant in variants)
    parts = [line(code(best.name) if best else f"the {_EXPORT}", " is recommended")]
    parts += [line(f"{units.share(failed, len(variants), 'variant')} failed")] if failed else []
    blocks: tuple[Block, ...] = (_table(rows), *(Paragraph(text) for text in texts))
    return Section("variants", "Variants", joined(parts, ", "), blocks, open=bool(failed))


def _table(rows: list[Cells]) -> Table:
    """Without the columns that no row has anything in."""
    used = [key for key in _COLUMNS if any(row[key] for row in rows)]
    return table("|".join(_COLUMNS[key] for key in used), [tuple(row[key] for key in used) for row in rows])


def _export(report: Report, exported: int, best: Variant | None) -> Cells:
    validation = report.validation
    latency = next((variant.latency[0] for variant in report.variants if variant.latency), None)
    difference = validation.max_abs_diff if validation is not None else None
    return {
        **dict.fromkeys(_COLUMNS, ""),
        "variant": _EXPORT,
        "size": units.size(exported),
        "p50": units.milliseconds(latency.base_p50_ms) if latency else "",
        "difference": units.digits(difference) if difference is not None else "",
        "result": "best" if best is None else "",
    }


def _variant(variant: Variant, exported: int, best: Variant | None) -> Cells:
    latency = variant.latency[0] if variant.latency else None
    difference, noise, answers = variant.max_abs_diff, variant.signal_to_noise_db, variant.agreement_pct
    return {
        "variant": line(code(variant.name)),
        "size": _size(variant.size_bytes, exported),
        "p50": units.milliseconds(latency.head_p50_ms) if latency else "",
        "pace": ratio_words(latency) if latency else "",
        "difference": units.digits(difference) if difference is not None else "",
        "noise": f"{units.digits(noise)} dB" if noise is not None else "",
        "answers": units.percent(answers) if answers is not None else "",
        "result": _result(variant, best),
    }


def _size(size: int | None, exported: int) -> str:
    if size is None:
        return ""
    percent = 100 * (size - exported) / exported if exported else 0
    return f"{units.size(size)} ({units.signed_percent(percent)})" if abs(percent) >= 1 else units.size(size)


def _result(variant: Variant, best: Variant | None) -> str:
    if variant.cause:
        return "✗ failed"
    return "✓ best" if variant is best else "✓"


def _causes(variants: tuple[Variant, ...]) -> list[Line]:
    failed = [variant for variant in variants if variant.cause]
    return [line(code(variant.name), " is not delivered: ", *prose(variant.cause)) for variant in failed]


def _conditions(variants: tuple[Variant, ...]) -> list[Line]:
    """Where the files are, what they had to keep to, and where the latency was taken."""
    files = [line(code(variant.name), " ", code(variant.path)) for variant in variants if variant.passed]
    names = {limits: [line(code(v.name)) for v in variants if v.limits == limits] for limits in _limits_of(variants)}
    limits = [line(*joined(those, ", "), f" {words}") for words, those in names.items()]
    shape = next((variant.latency[0].shape for variant in variants if variant.latency), "")
    told = [line("Files: ", *joined(files, ", "), ".")] if files else []
    told += [line("Limits: ", *joined(limits, "; "), ".")]
    return [*told, line(f"Latency was measured at {shape}, in turns with the {_EXPORT}.")] if shape else told


def _limits_of(variants: tuple[Variant, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(variant.limits for variant in variants))


def _remarks(variants: tuple[Variant, ...]) -> list[Line]:
    remarks = []
    for variant in variants:
        slower = bool(variant.latency) and variant.latency[0].verdict == "slower"
        if variant.name in FOR_GPU and variant.passed:
            remarks.append(line(code(variant.name), " is made for a GPU; what is shown is this processor."))
        elif slower:
            reason = _SLOW_HALF if variant.name == "fp16" else f" is slower than the {_EXPORT} on this processor."
            remarks.append(line(code(variant.name), reason))
    return remarks
