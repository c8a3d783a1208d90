"""Figures of one variant; a change is one against the exported file, which it was measured in turns with."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from onnx_export_action.gates.dimensions import BYTES, COUNT, DECIBEL, MILLISECONDS, NUMBER, PERCENT, Dimension
from onnx_export_action.gates.figures.figure import Figure, Move, Reader, certain, from_ratios
from onnx_export_action.records import Comparison, Report, Variant
from onnx_export_action.records.variants import VariantName

Paired = Callable[[Report, Comparison], Move | None] | None

EXAMPLE: VariantName = "fp16"
"""The variant whose figures stand for those of all in a list."""


def _failed(report: Report, _: Comparison) -> float | None:
    return sum(not variant.passed for variant in report.variants) if report.variants else None


def _reader(name: str, read: Callable[[Variant], float | None]) -> Reader:
    def of_run(report: Report, _: Comparison) -> float | None:
        variant = _found(name, report)
        return read(variant) if variant is not None else None

    return of_run


def _found(name: str, report: Report) -> Variant | None:
    return next((variant for variant in report.variants if variant.name == name), None)


def _p50(variant: Variant) -> float | None:
    return variant.latency[0].head_p50_ms if variant.latency else None


def _slower(name: str) -> Callable[[Report, Comparison], Move | None]:
    def change(report: Report, _: Comparison) -> Move | None:
        variant = _found(name, report)
        if variant is None or not variant.latency:
            return None
        return from_ratios(variant.latency[0].ratio, variant.latency[0].low, variant.latency[0].high)

    return change


def _larger(name: str) -> Callable[[Report, Comparison], Move | None]:
    def change(report: Report, _: Comparison) -> Move | None:
        exported, variant = sum(file.size_bytes for file in report.main_files), _found(name, report)
        return certain(exported or None, variant.size_bytes if variant is not None else None)

    return change


def _of(name: VariantName) -> dict[str, Figure]:
    def figure(
        dimension: Dimension, means: str, read: Callable[[Variant], float | None], paired: Paired = None
    ) -> Figure:
        return Figure(dimension, means, _reader(name, read), paired, relative=paired is not None, of_variant=True)

    figures = {
        "size": figure(BYTES, "its file with external data", lambda variant: variant.size_bytes, _larger(name)),
        "latency-p50": figure(MILLISECONDS, "its median latency at the first shape", _p50, _slower(name)),
        "max-abs-diff": figure(
            NUMBER, "its greatest difference from the reference", lambda variant: variant.max_abs_diff
        ),
        "signal-to-noise": figure(DECIBEL, "the least over its outputs", lambda variant: variant.signal_to_noise_db),
        "agreement": figure(
            PERCENT, "its answers (label, token) that are the reference's", lambda variant: variant.agreement_pct
        ),
    }
    return {f"{name.lower()}-{key}": each for key, each in figures.items()}


OF_VARIANTS = {
    "variants-failed": Figure(
        COUNT, "variants that could not be made or kept to their limits", _failed, relative=False
    ),
    **{key: figure for name in get_args(VariantName) for key, figure in _of(name).items()},
}
