"""The first lines: the verdict in words, what was exported, and the five figures that matter."""

from __future__ import annotations

from itertools import takewhile
from pathlib import PurePath
from typing import Literal

from onnx_export_action.records import (
    FRAMEWORKS,
    Base,
    Benchmark,
    Comparison,
    Gate,
    Model,
    Report,
    Timing,
    Validation,
)
from onnx_export_action.report import changes, gates, units
from onnx_export_action.report.blocks import Figure
from onnx_export_action.report.ratio import ratio_words
from onnx_export_action.report.spans import Line, code, joined, line, prose, strong

Tone = Literal["good", "caution", "bad"]

MARKS = {"good": "✅", "caution": "⚠️", "bad": "❌"}

# In percent. Beyond it the middle half of the calls spans half of the median: no ratio of medians is worth saying.
_MOST_SPREAD = 50

_ERRORS = {
    "usage": "Error: an input is wrong",
    "export": "Error: no exporter could export this model",
    "surroundings": "Error: the run could not finish",
}


def tone(report: Report) -> Tone:
    """Good only when the answers were compared with the model's own."""
    if report.verdict != "pass" or report.validation is None:
        return "bad"
    proven = report.validation.reference != "unoptimised" and not report.validation.silent_outputs
    return "good" if proven else "caution"


def sentence(report: Report) -> Line:
    """The verdict, in words."""
    if report.failure is not None:
        return line(_ERRORS.get(report.failure.kind, _ERRORS["surroundings"]))
    if report.validation is None:
        return line("Error: nothing was validated")
    if not report.validation.passed:
        return _failed(report.validation)
    if failed := gates.failed_gates(report):
        return _gated(failed)
    if report.validation.reference == "unoptimised":
        return line("Pass with a caveat: the file runs, but its answers are not proven")
    if silent := report.validation.silent_outputs:
        names = joined([line(code(name)) for name in silent], ", ")
        return line("Pass with a caveat: the cases cannot tell right from wrong in ", *names)
    return line("Pass: the ONNX file gives the model's answers")


def _failed(validation: Validation) -> Line:
    checks = [check for check in validation.checks if not check.passed]
    if any(not case.passed for case in validation.cases):
        return line("Fail: the ONNX file does not give the model's answers")
    if len(checks) == 1:
        return line("Fail: the check ", code(checks[0].name), " did not pass")
    if checks:
        return line(f"Fail: {len(checks)} checks did not pass")
    if validation.cases:
        return line("Fail: the ONNX file is right only at some sizes")
    return line("Fail: no case could be compared, so nothing is proven")


def _gated(failed: tuple[Gate, ...]) -> Line:
    if len(failed) > 1:
        return line(f"Fail: {len(failed)} gates failed")
    wrong = "could not be decided" if failed[0].reason else "failed"
    return line("Fail: the gate ", code(failed[0].condition), f" {wrong}")


def subject(report: Report) -> Line:
    """The model, its task and class."""
    named = [line(code(shown_id(report.model)))] if report.model is not None else []
    return joined([*named, *nature(report)], " · ")


def nature(report: Report) -> list[Line]:
    """What is known of the model beside its name: task, class, revision."""
    model, parts = report.model, list[Line]()
    if model is None:
        return parts
    if model.kind == "transformers":
        parts += [line(model.task), line(code(model.architecture))]
    if model.revision:
        parts.append(line("revision ", code(model.revision[:7])))
    if report.export is not None and report.export.reused_from is not None:
        parts.append(line("unchanged since ", code(report.export.reused_from.commit[:7])))
    return parts


def shown_id(model: Model) -> str:
    """The model as the user named it, but for the folders of this machine."""
    path = PurePath(model.id)
    return path.name if path.is_absolute() else model.id


def figures(report: Report) -> tuple[Figure, ...]:
    """Size, latency, answers, opset, exporter, base: those that this run has."""
    found = {
        "size": _size(report),
        "latency p50": _latency(report),
        "answers": _answers(report.validation),
        "opset": _opset(report),
        "exporter": _exporter(report),
        "compared with": _base(report.comparison),
    }
    return tuple(Figure(name, value) for name, value in found.items() if value)


def _size(report: Report) -> Line:
    files = report.main_files
    if not files:
        return ()
    total = strong(units.size(sum(file.size_bytes for file in files)))
    moved = report.comparison.size if report.comparison is not None else None
    if moved is not None and moved.base is not None:
        total_before = f" ({changes.changed(moved)} from {changes.amount(moved, moved.base)})"
        return line(total, total_before if moved.base != moved.head else " (unchanged)")
    if len(files) == 1:
        return line(total)
    return line(total, " in ", *joined([line(code(file.path)) for file in files], " and "))


def _latency(report: Report) -> Line:
    first = headline_timing(report.benchmark)
    if report.benchmark is None or first is None:
        return line("not measured") if report.proven else ()
    latency = line(strong(units.milliseconds(first.p50_ms)), f" at {first.shape}")
    beside = _beside_base(report.comparison) or _beside_framework(report.benchmark, first)
    return joined([latency, beside], " · ") if beside else latency


def _beside_base(comparison: Comparison | None) -> Line:
    if comparison is None or not comparison.latency:
        return ()
    paired = comparison.latency[0]
    return line(*ratio_words(paired), f", base {units.milliseconds(paired.base_p50_ms)}")


def _base(comparison: Comparison | None) -> Line:
    if comparison is None:
        return ()
    base = comparison.baseline
    if not isinstance(base, Base):
        return prose(base.reason)
    same = ": the same file, byte for byte" if comparison.same_file else ""
    return line(*changes.base_line(base), same)


def _beside_framework(benchmark: Benchmark, first: Timing) -> Line:
    same = (timing for timing in benchmark.timings if timing.runtime in FRAMEWORKS and timing.shape == first.shape)
    model = next(same, None)
    if model is None:
        return ()
    name = FRAMEWORKS[model.runtime]
    if max(model.spread_pct, first.spread_pct) > _MOST_SPREAD:
        return line(f"too noisy here to stand beside {name}")
    ratio, measured = model.p50_ms / first.p50_ms, units.milliseconds(model.p50_ms)
    if abs(ratio - 1) * 100 <= benchmark.noise_floor_pct:
        return line(f"as fast as {name} ({measured}), within the noise of {units.percent(benchmark.noise_floor_pct)}")
    times = (
        f"{units.digits(ratio)}{units.TIMES} faster" if ratio > 1 else f"{units.digits(1 / ratio)}{units.TIMES} slower"
    )
    return line(strong(f"{times} than {name}"), f" ({measured})")


def headline_timing(benchmark: Benchmark | None) -> Timing | None:
    """ONNX Runtime at the first shape."""
    timings = benchmark.timings if benchmark is not None else ()
    return next((timing for timing in timings if timing.runtime == "onnxruntime"), None)


def _answers(validation: Validation | None) -> Line:
    if validation is None or not validation.cases:
        return ()
    cases = units.plural(len(validation.cases), "case")
    other = FRAMEWORKS.get(validation.reference, "the same file run without optimisation")
    if validation.max_abs_diff is None:
        return line(f"not comparable in {cases}")
    return line(strong(units.digits(validation.max_abs_diff)), f" max abs diff from {other} over {cases}")


def _opset(report: Report) -> Line:
    export = report.export
    if export is None or export.opset is None:
        return ()
    return line(strong(str(export.opset)), f" (IR {export.ir_version})" if export.ir_version is not None else "")


def _exporter(report: Report) -> Line:
    if report.export is None or report.export.exporter is None:
        return _given(report)
    chosen = report.export.exporter
    earlier = takewhile(lambda attempt: attempt.exporter != chosen, report.export.attempts)
    failed = [line(code(attempt.exporter)) for attempt in earlier]
    after = line(", after ", *joined(failed, " and "), " failed") if failed else ()
    return (*line(code(chosen)), *after)


def _given(report: Report) -> Line:
    """A file that exists already has no exporter of ours."""
    if report.export is not None and report.export.checked:
        return line("none, ", code(report.export.checked), " was given")
    return line("none, the file was given") if report.model and report.model.kind == "onnx" else ()
