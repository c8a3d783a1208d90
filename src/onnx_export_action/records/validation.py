"""The proof: structure, every case, every axis."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, computed_field

from onnx_export_action.records.base import Record
from onnx_export_action.records.samples import Samples


class Parity(Record):
    """How one output of one case compares with the reference; None means that it was not comparable."""

    output: str
    passed: bool | None
    shape: tuple[int, ...] = ()
    max_abs_diff: float | None = None
    max_rel_diff: float | None = None
    signal_to_noise_db: float | None = Field(
        None,
        description="The reference's movement between inputs over the root mean square of the difference, in decibel; "
        "150 at most, None where the reference does not move.",
    )
    least_db: float | None = Field(
        None, description="The least that passes; None with limits of the user, or without movement."
    )
    tells: bool | None = Field(
        None, description="Whether the answer to another input would have failed; False: this output proves nothing."
    )
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

    @computed_field
    @property
    def max_rel_diff(self) -> float | None:
        """The greatest relative difference over the outputs; None when nothing was comparable."""
        return max((p.max_rel_diff for p in self.outputs if p.max_rel_diff is not None), default=None)

    @computed_field
    @property
    def signal_to_noise_db(self) -> float | None:
        """That of the output with the most noise; None when nothing was comparable."""
        return min((p.signal_to_noise_db for p in self.outputs if p.signal_to_noise_db is not None), default=None)


class Axis(Record):
    """An axis of an input: declared dynamic or fixed, wanted dynamic or not, and the sizes that ran right."""

    input: str
    axis: int
    name: str
    wanted: bool
    declared: bool
    sizes: tuple[int, ...] = ()
    reason: str = Field("", description="Why an axis that nobody asked for is fixed: the model's own words, if any.")

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


class Step(Record):
    """A part of the model, the graph's tensor for it, and how far that is off over its own size."""

    part: str
    tensor: str
    difference: float


class Departure(Record):
    """The first part of the model whose output the graph has otherwise, and how the difference goes on."""

    part: str = Field(description="As `named_modules` calls it.")
    tensor: str
    case: str
    steps: tuple[Step, ...] = Field(description="The last parts that agree, this one, and later ones.")


class Fixing(Record):
    """The place in the graph that takes one size of an axis alone, found by running it at another."""

    axis: str = Field(description="Its name; empty where only the place is known at which the graph stops.")
    size: int | None = Field(None, description="The size that it is fixed to, where the graph holds it.")
    node: str = Field("", description="Empty where the declaration of the input alone fixes it.")
    operator: str = ""
    part: str = Field("", description="The part of the model that the exporter made the node for.")
    tensor: str = Field("", description="The tensor of this size that is the same for all inputs, where there is one.")

    @property
    def sentence(self) -> str:
        """For people, with names between backticks."""
        if not self.node:
            return f"`{self.axis}` is fixed by the file's declaration alone: its graph runs at other sizes"
        place = f"the node `{self.node}` ({self.operator}{f' of `{self.part}`' if self.part else ''})"
        if not self.axis:
            return f"the graph stops at {place}"
        size = "" if self.size is None else f" at {self.size}"
        why = f", which reads `{self.tensor}`, of this size for all inputs" if self.tensor else ""
        return f"`{self.axis}` is fixed{size} by {place}{why}"


class Elsewhere(Record):
    """The proven file converted for another runtime: no part of the proof."""

    runtime: str = Field(description="What it was run in, and by which converter.")
    shape: str = Field(description="The case that it was converted for: sizes are fixed first.")
    case: Case | None = Field(None, description="What was answered; None where nothing was.")
    cause: str = Field("", description="Why nothing was answered.")


class Validation(Record):
    """The proof: structure, every case, every axis."""

    reference: Literal["pytorch", "tensorflow", "unoptimised"] = Field(
        description="`pytorch`, `tensorflow`: the model's own answers; `unoptimised`: a lone .onnx, compared with "
        "itself run without graph optimisation, so its answers are not proven."
    )
    checks: tuple[Check, ...] = ()
    cases: tuple[Case, ...] = ()
    dynamic_axes: tuple[Axis, ...] = ()
    departure: Departure | None = Field(None, description="Where wrong answers begin, as far as the graph tells.")
    unoptimised: Case | None = Field(
        None, description="A wrong case once more without graph optimisation, where the answers are right then."
    )
    ties: str = Field("", description="Choices between equals that the model makes in a wrong case: none is defined.")
    fixings: tuple[Fixing, ...] = Field((), description="What fixes an axis that should be dynamic.")
    samples: Samples | None = Field(None, description="Agreement on real inputs; None where none were given.")
    elsewhere: tuple[Elsewhere, ...] = Field(
        (), description="What `also-check` asked for, file by file; whether it agrees is no part of `passed`."
    )
    notes: tuple[str, ...] = Field((), description="What the cases do not try because it costs too much.")
    provider: str = Field("", description="The execution provider of ONNX Runtime that answered every case.")
    optimisation: str = Field("", description="Its `GraphOptimizationLevel` in every case, as in every timing.")

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
    def silent_outputs(self) -> tuple[str, ...]:
        """Outputs that would pass with the answers to other inputs: a pass says nothing of them."""
        outputs = [parity for case in self.cases for parity in case.outputs]
        return tuple(dict.fromkeys(parity.output for parity in outputs if parity.tells is False))

    @computed_field
    @property
    def signal_to_noise_db(self) -> float | None:
        """That of the case with the most noise."""
        return min((c.signal_to_noise_db for c in self.cases if c.signal_to_noise_db is not None), default=None)

    @property
    def worst_case(self) -> Case | None:
        """The case to look at first: a failed one before a passed one, then the greatest difference."""
        return max(self.cases, key=lambda c: (not c.passed, bool(c.error), c.max_abs_diff or 0.0), default=None)
