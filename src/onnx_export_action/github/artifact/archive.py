"""A zip written straight into a sink that only moves forward: no copy of the archive ever lies on the disk."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from onnx_export_action.github.artifact.failure import UploadFailed

# A fixed date and order, so that the same files give the same archive.
_DATE = (1980, 1, 1, 0, 0, 0)
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A file on the disk and its path in the archive; weights are stored, as they do not shrink."""

    path: Path
    name: str
    size: int
    stored: bool
    sha256: str = ""  # as the manifest lists it; empty for what is written behind the manifest


class BlockSink:
    """Cuts what is written into blocks of one size, and keeps their number of bytes and SHA-256."""

    def __init__(self, emit: Callable[[bytes], None], block_bytes: int) -> None:
        self._emit, self._block_bytes, self._waiting = emit, block_bytes, bytearray()
        self._hash, self.size, self._abandoned = hashlib.sha256(), 0, False

    @property
    def digest(self) -> str:
        """SHA-256 of all that was written, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Take bytes, and hand on each block that is full."""
        if self._abandoned:
            return len(data)
        self._hash.update(data)
        self.size += len(data)
        self._waiting += data
        while len(self._waiting) >= self._block_bytes:
            block = bytes(memoryview(self._waiting)[: self._block_bytes])
            del self._waiting[: self._block_bytes]
            self._hand_on(block)
        return len(data)

    def flush(self) -> None:
        """Nothing: zipfile flushes often, and a block is only handed on when it is full."""

    def finish(self) -> None:
        """Hand on the last block."""
        if self._waiting:
            self._hand_on(bytes(self._waiting))
            self._waiting.clear()

    def abandon(self) -> None:
        """Drop all that is still written: zipfile ends an archive even where its writing has failed."""
        self._abandoned = True

    def _hand_on(self, block: bytes) -> None:
        try:
            self._emit(block)
        except BaseException:
            self.abandon()
            raise


def write_zip(entries: Sequence[Entry], sink: BlockSink) -> None:
    """All entries in the order of their names; raises UploadFailed where a file cannot be read as it was found."""
    # zipfile needs no more of a file than `write` and `flush`.
    with zipfile.ZipFile(cast(IO[bytes], sink), "w") as archive, ThreadPoolExecutor(1) as beside:
        for entry in sorted(entries, key=lambda entry: entry.name):
            try:
                _write(archive, entry, beside)
            except OSError as error:
                sink.abandon()
                raise UploadFailed(f"{entry.name} cannot be read: {error.strerror}.") from None
            except BaseException:
                sink.abandon()
                raise
    sink.finish()


def _write(archive: zipfile.ZipFile, entry: Entry, beside: Executor) -> None:
    # No link is followed: one that appeared since the bundle was listed could lead anywhere.
    descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as source:
        info = zipfile.ZipInfo(entry.name, _DATE)
        info.create_system, info.external_attr = 3, 0o644 << 16
        info.compress_type = zipfile.ZIP_STORED if entry.stored else zipfile.ZIP_DEFLATED
        # zipfile chooses the 64-bit form of the entry by this size, before it has seen the data.
        info.file_size = left = entry.size
        sent = hashlib.sha256()
        with archive.open(info, "w") as target:
            while left and (piece := source.read(min(left, _READ_BYTES))):
                # The archive's own hash takes as long as this one, on another core.
                hashed = beside.submit(sent.update, piece)
                target.write(piece)
                hashed.result()
                left -= len(piece)
        if left or source.read(1):
            raise UploadFailed(f"{entry.name} is not as long as it was.")
        if entry.sha256 and sent.hexdigest() != entry.sha256:
            raise UploadFailed(f"{entry.name} is not what the manifest lists: something changed it since.")
