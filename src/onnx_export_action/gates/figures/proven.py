"""Figures of the export and its proof."""

from __future__ import annotations

from onnx_export_action.gates.dimensions import BYTES, COUNT, DECIBEL, NUMBER, PERCENT, SECONDS
from onnx_export_action.gates.figures.figure import Figure, greatest, least, of_part
from onnx_export_action.records import Comparison, Report


def _attempts(report: Report, _: Comparison) -> float | None:
    return len(report.export.attempts) if report.export is not None else None


def _relative_difference(report: Report, _: Comparison) -> float | None:
    cases = report.validation.cases if report.validation is not None else ()
    return greatest(case.max_rel_diff for case in cases)


def _signal_to_noise(report: Report, _: Comparison) -> float | None:
    cases = report.validation.cases if report.validation is not None else ()
    return least(case.signal_to_noise_db for case in cases)


def _cases(report: Report, _: Comparison) -> float | None:
    return len(report.validation.cases) if report.validation is not None else None


def _fixed_axes(report: Report, _: Comparison) -> float | None:
    return sum(not axis.proven for axis in report.validation.dynamic_axes) if report.validation is not None else None


def _elsewhere(report: Report, _: Comparison) -> float | None:
    """Unknown as soon as one file was not run, or answered with other shapes."""
    ran = report.validation.elsewhere if report.validation is not None else ()
    found = [each.case.max_abs_diff if each.case is not None else None for each in ran]
    return None if None in found else greatest(found)


def _agreement(report: Report, _: Comparison) -> float | None:
    samples = report.validation.samples if report.validation is not None else None
    return samples.agreement_pct if samples is not None else None


PROVEN = {
    "max-abs-diff": Figure(
        NUMBER, "greatest difference from the reference", of_part("validation", "max_abs_diff"), relative=False
    ),
    "max-rel-diff": Figure(NUMBER, "greatest relative difference", _relative_difference, relative=False),
    "signal-to-noise": Figure(DECIBEL, "the least over cases and outputs", _signal_to_noise, relative=False),
    "cases": Figure(COUNT, "cases of the proof", _cases, relative=False),
    "axes-not-proven": Figure(COUNT, "axes of the inputs that are fixed or not proven", _fixed_axes, relative=False),
    "sample-agreement": Figure(PERCENT, "answers to samples that are the model's", _agreement, relative=False),
    "tensorflow-diff": Figure(NUMBER, "greatest difference of TensorFlow's answers", _elsewhere, relative=False),
    "attempts": Figure(COUNT, "attempts to export", _attempts, relative=False),
    "export-seconds": Figure(SECONDS, "all attempts together", of_part("export", "seconds"), relative=False),
    "export-memory": Figure(BYTES, "peak memory of the exporting process", of_part("export", "peak_rss_bytes")),
    "warnings": Figure(COUNT, "warnings of this run", lambda report, _: len(report.warnings), relative=False),
}
