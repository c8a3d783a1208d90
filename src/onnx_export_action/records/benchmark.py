"""What the file costs to run."""

from __future__ import annotations

import statistics
from typing import Literal

from pydantic import Field, computed_field

from onnx_export_action.records.base import Record


class Timing(Record):
    """Raw latencies of one runtime at one shape, in milliseconds a call."""

    runtime: Literal["onnxruntime", "pytorch", "tensorflow"]
    shape: str
    batch: int = Field(description="Items a call, for the throughput.")
    samples_ms: tuple[float, ...]
    warmups: int

    @computed_field
    @property
    def p50_ms(self) -> float:
        """Median latency in milliseconds."""
        return statistics.median(self.samples_ms)

    @computed_field
    @property
    def p90_ms(self) -> float:
        """90th percentile of the latency in milliseconds, by linear interpolation."""
        if len(self.samples_ms) < 2:
            return self.samples_ms[0]
        return statistics.quantiles(self.samples_ms, n=10, method="inclusive")[8]

    @computed_field
    @property
    def spread_pct(self) -> float:
        """Interquartile range over the median, in percent."""
        if len(self.samples_ms) < 2:
            return 0.0
        quartiles = statistics.quantiles(self.samples_ms, n=4, method="inclusive")
        return 100 * (quartiles[2] - quartiles[0]) / self.p50_ms

    @computed_field
    @property
    def items_per_second(self) -> float:
        """Throughput at the median latency."""
        return 1000 * self.batch / self.p50_ms


class Latency(Record):
    """Median and 90th percentile in milliseconds."""

    p50: float
    p90: float


class Benchmark(Record):
    """What the file costs to run, and the model's own framework beside it, interleaved on the same inputs."""

    provider: str
    threads: int
    load_ms: float = Field(description="Time to create the ONNX Runtime session, in milliseconds.")
    peak_rss_bytes: int = Field(description="Greatest resident set of the process that ran ONNX Runtime.")
    timings: tuple[Timing, ...]
    reference_ms: float | None = Field(
        None, description="Median latency of a fixed graph in the same run, in milliseconds: a unit for the trend."
    )
    noise_floor_pct: float = Field(
        description="90th percentile of the difference between neighbouring blocks of the same file, in percent: "
        "a change smaller than this cannot be told from noise."
    )

    @property
    def relative_latency(self) -> float | None:
        """The headline's median over that of the fixed reference."""
        return self.latency_ms.p50 / self.reference_ms if self.reference_ms else None

    @computed_field
    @property
    def latency_ms(self) -> Latency:
        """ONNX Runtime at the first shape: the report's headline."""
        first = next(timing for timing in self.timings if timing.runtime == "onnxruntime")
        return Latency(p50=first.p50_ms, p90=first.p90_ms)
