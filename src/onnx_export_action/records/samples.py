"""Real inputs: how many of the model's answers the file gives, and where it gives others."""

from __future__ import annotations

from pydantic import Field, computed_field

from onnx_export_action.records.base import Record


class Disagreement(Record):
    """One input that the file answers otherwise than the model."""

    place: str = Field(description="`line 3`; empty for a file, whose name says it.")
    sample: str = Field(description="The text, cut, or the file's name.")
    answers: int
    same: int
    wrong: int = Field(description="Answers that rounding within the limits does not explain.")
    margin: float | None = Field(
        description="By how much the model prefers its own answer, or the greatest difference of values; None where "
        "the file's are no numbers."
    )
    expected: str = Field(description="The model's answer, or the first few that differ.")
    actual: str = Field(description="The file's.")


class Samples(Record):
    """All real inputs together; those answered otherwise with the worst first."""

    source: str
    given: int
    taken: int
    answers: int
    same: int = Field(description="Answers that are the model's.")
    wrong: int = Field(description="Answers that rounding within the limits does not explain.")
    differing: int = Field(0, description="Samples with an answer that is not the model's.")
    worst: tuple[Disagreement, ...] = Field((), description="The worst of them.")
    error: str = Field("", description="Why the file gave no answer; empty when it did.")

    @computed_field
    @property
    def agreement_pct(self) -> float | None:
        """The share of answers that are the model's; None without an answer."""
        return 100 * self.same / self.answers if self.answers and not self.error else None

    @computed_field
    @property
    def passed(self) -> bool:
        """Every answer is the model's, but for what rounding within the limits explains."""
        return not self.error and self.answers > 0 and self.wrong == 0
