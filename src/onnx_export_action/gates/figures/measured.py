"""Figures of the benchmark."""

from __future__ import annotations

from collections.abc import Callable

from onnx_export_action.gates.dimensions import BYTES, MILLISECONDS, PERCENT, RATE, RATIO
from onnx_export_action.gates.figures.figure import Figure, Move, Reader, from_ratios, of_part
from onnx_export_action.records import Benchmark, Comparison, Paired, Report, Timing

_FIRST, _LARGEST = 0, -1


def _timing(attribute: str, place: int) -> Reader:
    def read(report: Report, _: Comparison) -> float | None:
        timing = _timing_at(report.benchmark, place)
        return getattr(timing, attribute) if timing is not None else None

    return read


def _spread(place: int) -> Callable[[Report], float | None]:
    return lambda report: timing.spread_pct if (timing := _timing_at(report.benchmark, place)) is not None else None


def _timing_at(benchmark: Benchmark | None, place: int) -> Timing | None:
    timings = [timing for timing in benchmark.timings if timing.runtime == "onnxruntime"] if benchmark else []
    return timings[place] if timings else None


def _faster_than_reference(place: int) -> Reader:
    def read(report: Report, _: Comparison) -> float | None:
        ours = _timing_at(report.benchmark, place)
        if report.benchmark is None or ours is None:
            return None
        others = (timing for timing in report.benchmark.timings if timing.runtime != ours.runtime)
        return next((other.p50_ms / ours.p50_ms for other in others if other.shape == ours.shape), None)

    return read


def _slower(place: int) -> Callable[[Report, Comparison], Move | None]:
    return lambda _, comparison: _move(comparison, place, lambda paired: (paired.ratio, paired.low, paired.high))


def _fewer(place: int) -> Callable[[Report, Comparison], Move | None]:
    """Items a second are the inverse of the latency, so the ends of the interval change places."""
    return lambda _, comparison: _move(comparison, place, lambda p: (1 / p.ratio, 1 / p.high, 1 / p.low))


def _move(comparison: Comparison, place: int, ratios: Callable[[Paired], tuple[float, float, float]]) -> Move | None:
    return from_ratios(*ratios(comparison.latency[place])) if comparison.latency else None


MEASURED = {
    name: figure
    for suffix, where, place in (("", "at the first shape", _FIRST), ("-large", "at the largest shape", _LARGEST))
    for name, figure in {
        f"latency-p50{suffix}": Figure(
            MILLISECONDS, f"median latency {where}", _timing("p50_ms", place), _slower(place), _spread(place)
        ),
        f"latency-p90{suffix}": Figure(
            MILLISECONDS, f"90th percentile {where}", _timing("p90_ms", place), spread=_spread(place), relative=False
        ),
        f"latency-spread{suffix}": Figure(
            PERCENT, f"interquartile range over the median {where}", _timing("spread_pct", place), relative=False
        ),
        f"throughput{suffix}": Figure(
            RATE,
            f"items at the median latency {where}",
            _timing("items_per_second", place),
            _fewer(place),
            _spread(place),
        ),
        f"speedup{suffix}": Figure(
            RATIO,
            f"the model's own median latency over the file's {where}",
            _faster_than_reference(place),
            relative=False,
        ),
    }.items()
} | {
    "latency-in-references": Figure(
        RATIO,
        "median latency over that of a fixed graph in the same run",
        of_part("benchmark", "relative_latency"),
        relative=False,
    ),
    "load-time": Figure(MILLISECONDS, "time to create the session", of_part("benchmark", "load_ms"), relative=False),
    "rss-peak": Figure(BYTES, "peak memory of ONNX Runtime's process", of_part("benchmark", "peak_rss_bytes")),
    "noise-floor": Figure(PERCENT, "noise of the benchmark", of_part("benchmark", "noise_floor_pct"), relative=False),
}
