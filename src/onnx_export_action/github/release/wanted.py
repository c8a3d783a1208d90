"""What a release should have of a bundle: assets under names that keep many models apart, none of 2 GiB or more."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.github.failure import Failed
from onnx_export_action.hashing import sha256_of
from onnx_export_action.records import Report
from onnx_export_action.settings import Settings, slug

SUMS = "SHA256SUMS"
_BESIDE = ("manifest.json", "report.json", "report.html")
# GitHub renames what is not like this.
_PLAIN = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9_-]")
_PIECE = 1 << 20


@dataclass(frozen=True)
class Cut:
    """Files of `limit` bytes and over become parts of `part` bytes; GitHub takes none of 2 GiB."""

    limit: int = 1 << 31
    part: int = 1 << 30


@dataclass(frozen=True)
class Wanted:
    """An asset to be: some bytes of a file, or a text."""

    name: str
    source: Path | bytes
    size: int
    sha256: str
    start: int = 0


def prefix_of(report: Report, settings: Settings) -> str:
    """What each asset's name begins with; no other model's prefix begins with it, as no slug holds two dashes."""
    return f"{slug(settings.artifact_name or (report.model.id if report.model else settings.model))}--"


def wanted_of(report: Report, folder: Path, prefix: str, cut: Cut) -> tuple[list[Wanted], list[str]]:
    """The assets, and the files that are left out; raises Failed where one that the model needs cannot be attached."""
    needed = {file.path for file in report.main_files} | {path for each in report.variants for path in each.files}
    proven = {file.path: file.sha256 for file in report.files if "/" not in file.path or file.path in needed}
    beside = [name for name in _BESIDE if (folder / name).is_file()]
    assets: list[Wanted] = []
    sums, left_out = "", []
    for path in (*proven, *beside):
        sha256 = sha256_of(folder / path)
        if proven.get(path, sha256) != sha256:
            raise Failed(f"{path!r} has changed since it was proven.")
        if _PLAIN.fullmatch(path) and (folder / path).stat().st_size:
            assets += _cut(folder / path, f"{prefix}{path}", cut)
            sums += f"{sha256}  {path}\n"
        elif path in needed:
            raise Failed(f"No asset of a release can be named {path[:100]!r}.")
        else:
            left_out.append(path)
    text = sums.encode()
    return [*assets, Wanted(f"{prefix}{SUMS}", text, len(text), hashlib.sha256(text).hexdigest())], left_out


def _cut(path: Path, name: str, cut: Cut) -> Iterator[Wanted]:
    size = path.stat().st_size
    if size < cut.limit:
        yield Wanted(name, path, size, sha256_of(path))
        return
    starts = range(0, size, cut.part)
    for number, start in enumerate(starts, 1):
        length = min(cut.part, size - start)
        yield Wanted(f"{name}.part{number:03}", path, length, _sha256(path, start, length), start)


def _sha256(path: Path, start: int, length: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(length, _PIECE))):
            digest.update(piece)
            length -= len(piece)
    return digest.hexdigest()
