"""SHA-256 of big files: streamed, and computed once for a file that has not changed."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from onnx_export_action.records import File


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's content."""
    real = path.resolve()
    stat = real.stat()
    return _sha256(real, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


def record_of(path: Path, name: str) -> File:
    """The record of a file under the name that people see."""
    return File(path=name, size_bytes=path.stat().st_size, sha256=sha256_of(path))


@functools.lru_cache(maxsize=4096)
def _sha256(path: Path, _version: tuple[int, int, int]) -> str:
    """Inode, size and time are only here to make a changed file another key."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
