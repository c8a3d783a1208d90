"""More files from the same export, each with what it costs and how far its answers are from the model's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onnx_export_action.records.base import Record
from onnx_export_action.records.comparison import Paired

VariantName = Literal["fp16", "int8-dynamic", "O1", "O2", "O3", "O4"]


class Likeness(Record):
    """How near one output is to the reference, over all cases."""

    output: str
    max_abs_diff: float | None = None
    signal_to_noise_db: float | None = Field(
        None, description="Power of the reference over the power of the difference, in decibel; 150 at most."
    )
    answers: int = Field(0, description="How many answers (label, token) the output holds; 0 where it has none.")
    same: int = Field(0, description="How many of them are the reference's.")


class Variant(Record):
    """One more file, or the reason why there is none."""

    name: VariantName
    path: str = Field("", description="The file in the bundle; empty where it is not delivered.")
    external_files: tuple[str, ...] = ()
    size_bytes: int | None = Field(None, description="With external data.")
    seconds: float = Field(description="Time to make it.")
    limits: str = Field(description="What its answers had to keep to.")
    cause: str = Field("", description="Why it is not delivered; empty where it is.")
    outputs: tuple[Likeness, ...] = ()
    latency: tuple[Paired, ...] = Field((), description="Against the exported file, at each shape; the first counts.")

    @property
    def passed(self) -> bool:
        """It keeps to its limits, and is in the bundle."""
        return not self.cause

    @property
    def files(self) -> tuple[str, ...]:
        """The file and its external data, as paths in the bundle."""
        return (self.path, *self.external_files) if self.path else ()

    @property
    def max_abs_diff(self) -> float | None:
        """The greatest difference over the outputs."""
        return max((each.max_abs_diff for each in self.outputs if each.max_abs_diff is not None), default=None)

    @property
    def signal_to_noise_db(self) -> float | None:
        """That of the output with the most noise."""
        found = (each.signal_to_noise_db for each in self.outputs if each.signal_to_noise_db is not None)
        return min(found, default=None)

    @property
    def agreement_pct(self) -> float | None:
        """How many answers are the model's, of the output with the fewest; None where no output has any."""
        return min((100 * each.same / each.answers for each in self.outputs if each.answers), default=None)
