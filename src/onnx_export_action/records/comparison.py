"""What changed against the base, how sure that is, and what the gates decide by it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, computed_field

from onnx_export_action.records.base import Record
from onnx_export_action.records.graph import Tensor

Outcome = Literal["passed", "failed", "undecided"]
Unit = Literal["bytes", "ms", "s", "count", "percent", "items/s", "times", "dB", "change", ""]


class Base(Record):
    """What the candidate is compared with."""

    kind: Literal["artifact", "path"]
    name: str = Field(description="The artifact's name, or the path as the user wrote it.")
    commit: str = Field("", description="The commit that it was made from; empty where nobody knows.")
    distance: int = Field(0, description="Commits of the base branch from the anchor back to that one.")
    anchor: str = Field("the merge base", description="Where the search began, for people.")
    created_at: str = Field("", description="When the artifact was made, ISO 8601.")
    url: str = Field("", description="The run that made it.")
    differs: dict[str, str] = Field(
        default_factory=dict, description="Inputs by name that are not those of this run, as they were for the base."
    )


class NoBase(Record):
    """Why there is nothing to compare with: an ordinary state, not an error."""

    kind: Literal["none"] = "none"
    reason: str
    remedy: str = ""


class Change(Record):
    """One deterministic figure in the base and in the candidate; None where a file does not have it."""

    name: str = Field(description="As `fail-on` names it, e.g. `size`, `parameters`, `nodes`, `macs`.")
    unit: Literal["bytes", "count", "ms", ""] = "count"
    base: float | None = None
    head: float | None = None
    detail: str = Field("", description="At which shape it was counted, or why it could not be.")

    @computed_field
    @property
    def percent(self) -> float | None:
        """The change relative to the base, in percent; None where it has no meaning, as of an opset."""
        if self.unit == "" or self.base is None or self.head is None or self.base == 0:
            return None
        return 100 * (self.head - self.base) / self.base


class Paired(Record):
    """Latency of the candidate over that of the base at one shape, measured in turns."""

    shape: str
    ratio: float = Field(description="Head over base: 1.10 is ten percent slower.")
    low: float = Field(description="Lower end of its 95 % bootstrap interval, at least as wide as the noise floor.")
    high: float
    base_p50_ms: float
    head_p50_ms: float
    blocks: int = Field(description="Pairs of blocks behind the figure.")
    sessions: int = Field(description="How often each file was opened anew: the interval is over these.")
    noise_floor_pct: float = Field(description="How far the same interval of the base against itself reaches from 1.")
    detectable_pct: float = Field(description="The smallest slowdown that such a run finds about 9 times of 10.")
    verdict: Literal["slower", "faster", "no change", "cannot tell"]


class OperatorChange(Record):
    """How often an operator occurs."""

    operator: str
    base: int
    head: int


class WeightChange(Record):
    """A weight that is not what it was; the difference is over its elements where both have one shape."""

    name: str
    kind: Literal["added", "removed", "values", "shape", "type"]
    detail: str = ""
    max_abs_diff: float | None = None


class InterfaceChange(Record):
    """An input or output that callers know."""

    side: Literal["input", "output"]
    kind: Literal["added", "removed", "renamed", "moved", "type", "shape", "axis fixed", "axis freed"]
    base: Tensor | None = None
    head: Tensor | None = None
    breaking: bool


class GraphDiff(Record):
    """What changed in the graph, matched by structure and not by node names."""

    identical: bool = Field(description="The same structure, weights, inputs and outputs.")
    operators: tuple[OperatorChange, ...] = ()
    fused: tuple[OperatorChange, ...] = Field((), description="Fused operators after ONNX Runtime's own optimisation.")
    nodes_added: int = 0
    nodes_removed: int = 0
    added: tuple[str, ...] = Field((), description="Where nodes were added, the first of them, for people.")
    removed: tuple[str, ...] = ()
    nodes_altered: int = 0
    altered: tuple[str, ...] = Field(
        (), description="Nodes that are there still, with other attributes or other inputs, the first of them."
    )
    weights: tuple[WeightChange, ...] = ()
    weights_changed: int = Field(0, description="All of them, also those that are not listed.")
    interface: tuple[InterfaceChange, ...] = ()

    @computed_field
    @property
    def breaking(self) -> bool:
        """Whether callers of the base must change their code."""
        return any(change.breaking for change in self.interface)


class Movement(Record):
    """How far one output moved from the base to the candidate, over all cases."""

    output: str
    max_abs_diff: float | None
    agreement_pct: float | None = Field(None, description="How many answers (label, token) are the same, in percent.")
    top5_pct: float | None = Field(
        None, description="How many of the base's answers are among the candidate's first five."
    )
    answers: int = Field(0, description="How many answers were compared.")
    detail: str = ""


class Gate(Record):
    """One condition of `fail-on`, with what was found."""

    condition: str
    outcome: Outcome
    value: float | None = Field(None, description="What was found, in `unit`.")
    unit: Unit = Field(
        "", description="`change` is the change against the base (of a variant: the exported file), in percent."
    )
    low: float | None = Field(None, description="Lower end of the 95 % interval of the value, where it has one.")
    high: float | None = None
    spread_pct: float | None = Field(None, description="Spread of the runs behind the value, in percent.")
    detail: str = Field("", description="What was found, where that is no number.")
    reason: str = Field("", description="Why it cannot be decided.")


class Point(Record):
    """One commit of the base branch in the trend."""

    commit: str = Field(pattern=r"^[0-9a-f]{0,64}$")
    at: str = Field("", description="When its artifact was made, ISO 8601.")
    size_bytes: int
    relative_latency: float | None = Field(
        None, description="Median latency over that of a fixed reference in the same run, so that machines cancel out."
    )


class Comparison(Record):
    """The candidate against its base."""

    baseline: Base | NoBase = Field(discriminator="kind")
    size: Change | None = None
    latency: tuple[Paired, ...] = Field((), description="The first shape is the report's headline.")
    figures: tuple[Change, ...] = ()
    graph: GraphDiff | None = None
    answers: tuple[Movement, ...] = ()
    gates: tuple[Gate, ...] = ()
    same_file: bool = Field(False, description="The candidate is the base's own file, byte for byte.")
    history: tuple[Point, ...] = Field((), description="The base and those before it, oldest first.")

    @property
    def passed(self) -> bool:
        """No gate failed."""
        return not any(gate.outcome == "failed" for gate in self.gates)
