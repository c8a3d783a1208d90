"""The rungs of the ladder that were tried, and the one that held."""

from __future__ import annotations

from pydantic import Field, computed_field

from onnx_export_action.records.base import Record
from onnx_export_action.records.comparison import Base


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
    checked: str | None = Field(None, description="The .onnx that was proven in the stead of an export.")
    opset: int | None = None
    ir_version: int | None = None
    reference: str | None = Field(None, description="Library versions that computed the reference answers.")
    reused_from: Base | None = Field(
        None,
        description="Whose files, proof and timings these are: nothing that determines them has changed since, and "
        "nothing was exported.",
    )

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
