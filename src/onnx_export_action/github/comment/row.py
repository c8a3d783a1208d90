"""The one line of a model in the pull request's comment, and how it is kept, hidden, for the runs that come after."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from onnx_export_action.records import Record, Verdict
from onnx_export_action.report.headline import MARKS

_MOST = 1 << 60
Tone = Literal["good", "caution", "bad"]
Name = Annotated[str, Field(max_length=120)]
Measured = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
Ratio = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
# The gates that failed, the first of them.
Condition = Annotated[str, Field(max_length=60)]
_WORST_FIRST: tuple[Tone, ...] = ("bad", "caution", "good")
# A latency of another machine: hosted runners of one size differ by this much.
_SAME_LATENCY = 0.25


class Pace(Record):
    """Latency over the base's, as far as it is certain."""

    verdict: Literal["slower", "faster", "no change", "cannot tell"]
    ratio: Ratio
    low: Ratio
    high: Ratio


class Row(Record):
    """Verdict, size, latency and answers of one model, of one run."""

    v: Literal[1] = 1
    model: Name
    note: Name = ""
    tone: Tone
    verdict: Verdict
    size: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    base_size: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    p50: Measured = None
    pace: Pace | None = None
    diff: Measured = None
    gates: Annotated[tuple[Condition, ...], Field(max_length=3)] = ()
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")] = ""
    run: Annotated[int, Field(ge=0, le=_MOST)] = 0
    attempt: Annotated[int, Field(ge=0, le=10_000)] = 1
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", description="Of all in the report that is no measurement.")]

    @property
    def mark(self) -> str:
        """The sign of the verdict."""
        return MARKS[self.tone]

    @property
    def order(self) -> tuple[int, str, str]:
        """Worst first, then by name."""
        return _WORST_FIRST.index(self.tone), self.model, self.note

    @property
    def age(self) -> tuple[int, int]:
        """Greater for a later run, and for a later attempt of the same."""
        return self.run, self.attempt

    def says_the_same_as(self, other: Row) -> bool:
        """Whether nothing but noise parts the two."""
        pace, standing = (row.pace.verdict if row.pace else None for row in (self, other))
        return self.digest == other.digest and pace == standing and _close(self.p50, other.p50)

    def packed(self) -> str:
        """The row in letters that no comment can be ended with."""
        text = self.model_dump_json(exclude_defaults=True)
        return base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode("ascii").rstrip("=")


def unpacked(text: str) -> Row | None:
    """The row in a marker; None where it is damaged or of a version that this program does not know."""
    try:
        return Row.model_validate_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValidationError, binascii.Error, ValueError, RecursionError):
        return None


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME_LATENCY * max(one, other)
