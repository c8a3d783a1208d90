"""What a search for the baseline brings back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.records import Base, Report


@dataclass(frozen=True)
class Found:
    """A baseline whose files are what its own report says; a lone report has no file, a lone file no report."""

    base: Base
    folder: Path | None = None
    file: Path | None = None
    report: Report | None = None


class Unusable(Exception):
    """It is no baseline: damaged, hostile or not proven; the message is a sentence."""
