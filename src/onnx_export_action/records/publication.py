"""What was delivered beyond the output folder."""

from __future__ import annotations

from onnx_export_action.records.base import Record


class Publication(Record):
    """What was delivered beyond the output folder; None where nothing was, with a sentence for each failure."""

    artifact_id: int | None = None
    artifact_url: str | None = None
    comment_url: str | None = None
    release_url: str | None = None
    problems: tuple[str, ...] = ()
