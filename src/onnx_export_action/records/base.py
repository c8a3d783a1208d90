"""What every record is: a frozen value."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A frozen value; unknown keys are ignored so that reports of later versions can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class File(Record):
    """One file of the bundle, by its path inside the bundle."""

    path: str
    size_bytes: int
    sha256: str = Field(description="Empty of a model's file where the run ended before it was read.")
