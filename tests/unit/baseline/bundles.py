"""Bundles as a run leaves them, small enough to make hundreds."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from onnx_export_action.records import File, Report
from onnx_export_action.report import document
from tests.factories import make_report

CONTENT = {"model.onnx": b"the graph", "config.json": b"{}", "tokenizer.json": b'{"version": "1.0"}'}


def files_of(content: dict[str, bytes]) -> tuple[File, ...]:
    """The records of some files."""
    return tuple(
        File(path=name, size_bytes=len(data), sha256=sha256(data).hexdigest()) for name, data in content.items()
    )


def report_of(content: dict[str, bytes] | None = None, **overrides: Any) -> Report:
    """A report that passes, of these files."""
    return make_report(files=files_of(CONTENT if content is None else content), **overrides)


def bundle(report: Report | None = None, content: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """All files of a bundle by name."""
    inside, said = CONTENT if content is None else content, report or report_of(content)
    manifest = {"schema_version": 1, "files": [file.model_dump() for file in said.files]}
    return {**inside, "manifest.json": json.dumps(manifest).encode(), "report.json": document.to_json(said).encode()}


def written(folder: Path, content: dict[str, bytes]) -> Path:
    """The files in a folder."""
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(content: dict[str, bytes]) -> bytes:
    """The files in an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return packed.getvalue()
