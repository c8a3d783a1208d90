"""Every figure that a gate can name, and where it is read from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from onnx_export_action.gates.dimensions import (
    BYTES,
    COUNT,
    MILLISECONDS,
    NUMBER,
    PERCENT,
    RATE,
    SECONDS,
    Dimension,
)
from onnx_export_action.records import Benchmark, Comparison, Paired, Report, Timing

Reader = Callable[[Report, Comparison], float | None]


@dataclass(frozen=True)
class Move:
    """A change against the base in percent, with the interval that it lies in."""

    percent: float
    low: float
    high: float


BY_TYPE = "parameters-"
"""What the figures of one element type begin with."""


@dataclass(frozen=True)
class Figure:
    """How a figure is read of this run, and as a change where it was measured in turns with the base."""

    dimension: Dimension
    means: str
    read: Reader
    paired: Callable[[Comparison], Move | None] | None = None
    spread: Callable[[Report], float | None] | None = None
    relative: bool = True  # whether a change against the base is known that one could decide by
    against_base: bool = False  # whether there is such a figure only with a base


def value_of(name: str, report: Report, comparison: Comparison) -> float | None:
    """The figure of this run; None where it was not measured."""
    change = _change(name, comparison)
    if change is not None and change[1] is not None:
        return change[1]
    return FIGURES[name].read(report, comparison)


def change_of(name: str, comparison: Comparison) -> Move | None:
    """The change against the base; None where base and head do not both have the figure."""
    if comparison.same_file:
        return Move(0.0, 0.0, 0.0)
    paired = FIGURES[name].paired
    if paired is not None:
        return paired(comparison)
    base, head = _change(name, comparison) or (None, None)
    if base is None or head is None or (base == 0 and head != 0):
        return None
    percent = 100 * (head - base) / base if base else 0.0
    return Move(percent, percent, percent)


def _change(name: str, comparison: Comparison) -> tuple[float | None, float | None] | None:
    changes = (comparison.size, *comparison.figures) if comparison.size is not None else comparison.figures
    found = ((change.base, change.head) for change in changes if change.name == name)
    return next(found, (0, 0) if name.startswith(BY_TYPE) and changes else None)  # a type that no weight has


def _size(report: Report, _: Comparison) -> float | None:
    return sum(file.size_bytes for file in report.main_files) if report.main_files else None


def _graph(attribute: str) -> Reader:
    return lambda report, _: getattr(report.graph, attribute) if report.graph is not None else None


def _number_of(attribute: str) -> Reader:
    return lambda report, _: len(getattr(report.graph, attribute)) if report.graph is not None else None


def _export(attribute: str) -> Reader:
    return lambda report, _: getattr(report.export, attribute) if report.export is not None else None


def _benchmark(attribute: str) -> Reader:
    return lambda report, _: getattr(report.benchmark, attribute) if report.benchmark is not None else None


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


def _slower(place: int) -> Callable[[Comparison], Move | None]:
    return lambda comparison: _move(comparison, place, lambda paired: (paired.ratio, paired.low, paired.high))


def _fewer(place: int) -> Callable[[Comparison], Move | None]:
    """Items a second are the inverse of the latency, so the ends of the interval change places."""
    return lambda comparison: _move(comparison, place, lambda p: (1 / p.ratio, 1 / p.high, 1 / p.low))


def _move(comparison: Comparison, place: int, ratios: Callable[[Paired], tuple[float, float, float]]) -> Move | None:
    if not comparison.latency:
        return None
    return Move(*(100 * (ratio - 1) for ratio in ratios(comparison.latency[place])))


def _relative_difference(report: Report, _: Comparison) -> float | None:
    cases = report.validation.cases if report.validation is not None else ()
    return _greatest(parity.max_rel_diff for case in cases for parity in case.outputs)


def _difference(report: Report, _: Comparison) -> float | None:
    return report.validation.max_abs_diff if report.validation is not None else None


def _variants_failed(report: Report, _: Comparison) -> float | None:
    return sum(not variant.passed for variant in report.variants) if report.variants else None


def _nodes(attribute: str) -> Reader:
    return lambda _, comparison: getattr(comparison.graph, attribute) if comparison.graph is not None else None


def _greatest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _against_base(dimension: Dimension, means: str, read: Reader) -> Figure:
    return Figure(dimension, means, read, relative=False, against_base=True)


def _of_type(kind: str) -> Figure:
    return Figure(COUNT, f"those of type {kind}", _nowhere)


def _nowhere(_: Report, __: Comparison) -> None:
    """Only the comparison counts it, as a change."""


# All that ONNX has, by its own names.
_TYPES = (
    *("float", "double", "float16", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"),
    *("float8e8m0", "float6e2m3", "float6e3m2", "float4e2m1", "int64", "int32", "int16", "int8", "int4", "int2"),
    *("uint64", "uint32", "uint16", "uint8", "uint4", "uint2", "bool", "string", "complex64", "complex128"),
)

FIGURES: dict[str, Figure] = {
    "size": Figure(BYTES, "the file with its external data", _size),
    "parameters": Figure(COUNT, "elements of all initializers", _graph("parameters")),
    **{f"{BY_TYPE}{kind}": _of_type(kind) for kind in _TYPES},
    "initializers": Figure(COUNT, "initializers", _graph("initializers")),
    "nodes": Figure(COUNT, "nodes of the graph", _graph("nodes")),
    "inputs": Figure(COUNT, "inputs of the graph", _number_of("inputs")),
    "outputs": Figure(COUNT, "outputs of the graph", _number_of("outputs")),
    "macs": Figure(COUNT, "multiplications with an addition, at the first shape", _nowhere),
    "activation-peak": Figure(BYTES, "intermediate values alive at once, at the first shape", _nowhere),
    "opset": Figure(COUNT, "opset of the file", _export("opset"), relative=False),
    "ir-version": Figure(COUNT, "IR version of the file", _export("ir_version"), relative=False),
    "latency-p50": Figure(
        MILLISECONDS, "median latency at the first shape", _timing("p50_ms", 0), _slower(0), _spread(0)
    ),
    "latency-p50-large": Figure(
        MILLISECONDS, "median latency at the largest shape", _timing("p50_ms", -1), _slower(-1), _spread(-1)
    ),
    "latency-p90": Figure(
        MILLISECONDS, "90th percentile at the first shape", _timing("p90_ms", 0), spread=_spread(0), relative=False
    ),
    "throughput": Figure(RATE, "items at the median latency", _timing("items_per_second", 0), _fewer(0), _spread(0)),
    "load-time": Figure(MILLISECONDS, "time to create the session", _benchmark("load_ms"), relative=False),
    "rss-peak": Figure(BYTES, "peak memory of ONNX Runtime's process", _benchmark("peak_rss_bytes")),
    "noise-floor": Figure(PERCENT, "noise of the benchmark", _benchmark("noise_floor_pct"), relative=False),
    "max-abs-diff": Figure(NUMBER, "greatest difference from the reference", _difference, relative=False),
    "max-rel-diff": Figure(NUMBER, "greatest relative difference", _relative_difference, relative=False),
    "export-seconds": Figure(SECONDS, "all attempts together", _export("seconds"), relative=False),
    "export-memory": Figure(BYTES, "peak memory of the exporting process", _export("peak_rss_bytes")),
    "output-agreement": _against_base(
        PERCENT,
        "answers (label, token) that are the base's",
        lambda _, comparison: _least(movement.agreement_pct for movement in comparison.answers),
    ),
    "output-top5": _against_base(
        PERCENT,
        "the base's answers among the first five",
        lambda _, comparison: _least(movement.top5_pct for movement in comparison.answers),
    ),
    "output-diff": _against_base(
        NUMBER,
        "greatest difference from the base's outputs",
        lambda _, comparison: _greatest(movement.max_abs_diff for movement in comparison.answers),
    ),
    "nodes-added": _against_base(COUNT, "nodes that the base has not", _nodes("nodes_added")),
    "nodes-removed": _against_base(COUNT, "nodes that only the base has", _nodes("nodes_removed")),
    "weights-changed": _against_base(COUNT, "weights that differ from the base's", _nodes("weights_changed")),
    "variants-failed": Figure(
        COUNT, "variants that could not be made or kept to their limits", _variants_failed, relative=False
    ),
    "warnings": Figure(COUNT, "warnings of this run", lambda report, _: len(report.warnings), relative=False),
}
