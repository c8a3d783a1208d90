"""A bundle as a run leaves it, and its delivery to an artifact service on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action import settings
from onnx_export_action.github.artifact import upload
from onnx_export_action.github.artifact.calls import Limits
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.publish import publish
from onnx_export_action.records import File, Publication, Report
from tests import factories

BLOCK = 1 << 16
NAME = "sentence-transformers-all-MiniLM-L6-v2-onnx"


@dataclass
class Delivery:
    """What publishing gave, what it said, and the pauses it asked for; none is taken."""

    publication: Publication
    log: str
    pauses: list[float]


def bundle(folder: Path, weights: int = 5 * BLOCK) -> tuple[File, ...]:
    """Weights that do not shrink, a text that does, and the files beside them; the manifest's records."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "config.json": b'{"a": 1}\n',
        "model.onnx": random.Random(0).randbytes(weights // 5),
        "model.onnx_data": random.Random(1).randbytes(weights - weights // 5),
        "tokenizer.json": b'"token", ' * 20_000,
        "v\u00f6c\u00e4b.txt": b"word\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = tuple(File(path=n, size_bytes=len(c), sha256=sha256(c)) for n, c in contents.items())
    (folder / "manifest.json").write_text(json.dumps({"files": [file.model_dump() for file in files]}))
    (folder / "report.json").write_text("{}")
    return files


def deliver(
    folder: Path,
    environment: Mapping[str, str],
    report: Report | None = None,
    limits: Limits | None = None,
    **inputs: str,
) -> Delivery:
    """Publish the bundle in `folder`, in small blocks and without taking a pause."""
    files = bundle(folder)
    chosen = settings.parse({"model": "a/b", **{n.replace("_", "-"): v for n, v in inputs.items()}}, folder.parent)
    printed, pauses = io.StringIO(), list[float]()
    bounds = limits or Limits(connect_seconds=5, answer_seconds=5, sleep=pauses.append)
    whole = upload.BLOCK_BYTES
    upload.BLOCK_BYTES = BLOCK
    try:
        made = report or factories.make_report(files=files)
        publication = publish(made, folder, chosen, environment, RunnerLog(printed), bounds)
    finally:
        upload.BLOCK_BYTES = whole
    return Delivery(publication, printed.getvalue(), pauses)


def contents(archive: bytes) -> dict[str, str]:
    """SHA-256 of each file in a zip, in its order."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: sha256(opened.read(name)) for name in opened.namelist()}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
