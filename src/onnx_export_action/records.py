"""The frozen records that pass between the stages, and through them the schema of report.json.

What can be derived is a computed property and never stored; a value that could not be
measured is None, never a default that looks like a measurement.
"""

from __future__ import annotations

import statistics
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

SCHEMA_VERSION = 1

Verdict = Literal["pass", "fail", "error"]


class Record(BaseModel):
    """A frozen value; unknown keys are ignored so that reports of later versions can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class File(Record):
    """One file of the bundle, by its path inside the bundle."""

    path: str
    size_bytes: int
    sha256: str


class Model(Record):
    """What was exported: a local, pinned model and the task it was loaded for."""

    id: str = Field(description="The model as the user named it.")
    path: str = Field(description="The local folder or .onnx file; never shown in the report.", exclude=True)
    kind: Literal["transformers", "onnx"] = "transformers"
    revision: str | None = Field(None, description="The full commit of a Hub model.")
    task: str
    architecture: str = Field(description="The model class, or `onnx` for a ready file.")
    model_type: str = ""
    weights: tuple[File, ...] = ()

    @property
    def weight_bytes(self) -> int:
        """Size of the weights on disk, in bytes."""
        return sum(file.size_bytes for file in self.weights)


class Attempt(Record):
    """One rung of the ladder that was tried."""

    exporter: str
    ok: bool
    seconds: float
    peak_rss_bytes: int | None = None
    cause: str | None = None
    hint: str | None = None


class Export(Record):
    """The attempts, and the file that the successful one left; `exporter` is None when none did."""

    attempts: tuple[Attempt, ...] = ()
    exporter: str | None = None
    opset: int | None = None
    ir_version: int | None = None
    reference: str | None = Field(None, description="Library versions that computed the reference answers.")

    @computed_field
    @property
    def seconds(self) -> float:
        """Wall seconds of all attempts together."""
        return sum(attempt.seconds for attempt in self.attempts)

    @computed_field
    @property
    def peak_rss_bytes(self) -> int | None:
        """The largest resident set of any attempt's process, in bytes."""
        peaks = [attempt.peak_rss_bytes for attempt in self.attempts if attempt.peak_rss_bytes is not None]
        return max(peaks, default=None)


class Parity(Record):
    """How one output of one case compares with the reference; None means that it was not comparable."""

    output: str
    passed: bool | None
    shape: tuple[int, ...] = ()
    max_abs_diff: float | None = None
    max_rel_diff: float | None = None
    atol: float
    rtol: float
    detail: str = ""


class Case(Record):
    """One set of inputs and what ONNX Runtime answered to it, output by output."""

    shape: str = Field(description="For people: `batch 2, sequence 33, left padding`.")
    inputs: dict[str, tuple[int, ...]] = Field(default_factory=dict, description="Input name to its shape.")
    outputs: tuple[Parity, ...] = ()
    error: str = Field("", description="Why ONNX Runtime gave no answer; empty when it did.")

    @computed_field
    @property
    def passed(self) -> bool:
        """Every output was compared and agrees."""
        return not self.error and bool(self.outputs) and all(parity.passed is True for parity in self.outputs)

    @computed_field
    @property
    def max_abs_diff(self) -> float | None:
        """The greatest absolute difference over the outputs; None when nothing was comparable."""
        return max((p.max_abs_diff for p in self.outputs if p.max_abs_diff is not None), default=None)


class Axis(Record):
    """An axis of an input: declared dynamic or fixed, wanted dynamic or not, and the sizes that ran right."""

    input: str
    axis: int
    name: str
    wanted: bool
    declared: bool
    sizes: tuple[int, ...] = ()

    @computed_field
    @property
    def proven(self) -> bool:
        """Two sizes or more gave the reference's answers."""
        return self.declared and len(set(self.sizes)) > 1

    @computed_field
    @property
    def passed(self) -> bool:
        """Proven where it should be dynamic; an axis nobody asked for may be fixed."""
        return self.proven or not self.wanted


class Check(Record):
    """A structural check: opset, checker, target runtime, external data, input names."""

    name: str
    passed: bool
    detail: str = ""


class Validation(Record):
    """The proof: structure, every case, every axis."""

    reference: Literal["pytorch", "unoptimised"] = Field(
        description="`pytorch`: the model's own answers; `unoptimised`: a lone .onnx, compared with itself "
        "run without graph optimisation, so its answers are not proven."
    )
    checks: tuple[Check, ...] = ()
    cases: tuple[Case, ...] = ()
    dynamic_axes: tuple[Axis, ...] = ()

    @computed_field
    @property
    def passed(self) -> bool:
        """All checks, all cases (one at least) and all wanted axes."""
        parts: list[Check | Case | Axis] = [*self.checks, *self.cases, *self.dynamic_axes]
        return bool(self.cases) and all(part.passed for part in parts)

    @computed_field
    @property
    def max_abs_diff(self) -> float | None:
        """The greatest absolute difference over all cases."""
        return max((c.max_abs_diff for c in self.cases if c.max_abs_diff is not None), default=None)

    @property
    def worst_case(self) -> Case | None:
        """The case to look at first: a failed one before a passed one, then the greatest difference."""
        return max(self.cases, key=lambda c: (not c.passed, bool(c.error), c.max_abs_diff or 0.0), default=None)


class Tensor(Record):
    """An input or output of the graph; an axis is a size or the name of a dynamic axis."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


class Graph(Record):
    """What the file holds, read from its structure alone."""

    nodes: int
    operators: dict[str, int]
    initializers: int
    parameters: int = Field(description="Number of elements over all initializers.")
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    external_files: tuple[str, ...] = Field(
        (), description="The files that hold external data, as the graph names them."
    )


class Timing(Record):
    """Raw latencies of one runtime at one shape, in milliseconds a call."""

    runtime: Literal["onnxruntime", "pytorch"]
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
    """What the file costs to run, and PyTorch beside it, interleaved on the same inputs."""

    provider: str
    threads: int
    load_ms: float = Field(description="Time to create the ONNX Runtime session, in milliseconds.")
    peak_rss_bytes: int = Field(description="Greatest resident set of the process that ran ONNX Runtime.")
    timings: tuple[Timing, ...]
    noise_floor_pct: float = Field(
        description="90th percentile of the difference between neighbouring blocks of the same file, in percent: "
        "a change smaller than this cannot be told from noise."
    )

    @computed_field
    @property
    def latency_ms(self) -> Latency:
        """ONNX Runtime at the first shape: the report's headline."""
        first = next(timing for timing in self.timings if timing.runtime == "onnxruntime")
        return Latency(p50=first.p50_ms, p90=first.p90_ms)


class Environment(Record):
    """Where the figures come from."""

    cpu: str
    cores: int
    memory_bytes: int
    kernel: str
    python: str
    versions: dict[str, str]


class Failure(Record):
    """Why there is no verdict on the file."""

    kind: str
    message: str
    remedy: str = ""


class Report(Record):
    """All that rendering and publishing see; report.json is this record."""

    schema_version: int = SCHEMA_VERSION
    tool_version: str
    model: Model | None = None
    export: Export | None = None
    graph: Graph | None = None
    files: tuple[File, ...] = ()
    validation: Validation | None = None
    benchmark: Benchmark | None = None
    comparison: None = Field(None, description="The change against a base; not part of this version's run.")
    environment: Environment
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    reproduce: str = Field("", description="The command that does the same in a shell.")

    @computed_field
    @property
    def verdict(self) -> Verdict:
        """`error` when there is nothing to judge, otherwise what validation says."""
        if self.failure is not None or self.validation is None:
            return "error"
        return "pass" if self.validation.passed else "fail"

    @property
    def main_files(self) -> tuple[File, ...]:
        """The .onnx and its external data: what the size in the report means."""
        external = self.graph.external_files if self.graph else ()
        return tuple(file for file in self.files if ".onnx" in file.path or file.path in external)


class Publication(Record):
    """What was delivered beyond the output folder; None where nothing was, with a sentence for each failure."""

    artifact_id: int | None = None
    artifact_url: str | None = None
    comment_url: str | None = None
    problems: tuple[str, ...] = ()
    comment_problem: str | None = Field(None, description="Why no comment was written; it fails no run.")
