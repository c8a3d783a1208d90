"""Some bytes of a file as the body of a request: read while they are sent, never held."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

from onnx_export_action.github.release.wanted import Wanted
from onnx_export_action.log import Log
from onnx_export_action.report import units

# Below this, an upload is over before a line about it helps.
_SHOWN_FROM_BYTES = 64 << 20
_PIECE = 1 << 16


class Sending:
    """A file for the HTTP library, which asks for the length and reads; close it."""

    def __init__(self, wanted: Wanted, log: Log) -> None:
        source = wanted.source
        self._file: IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        self._file.seek(wanted.start)
        self._wanted, self._log, self._sent, self._tenths = wanted, log, 0, 0

    def __len__(self) -> int:
        """All that will be read."""
        return self._wanted.size

    def __iter__(self) -> Iterator[bytes]:
        """The same in pieces."""
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = _PIECE) -> bytes:
        """The next bytes; none at the end."""
        piece = self._file.read(min(size, self._wanted.size - self._sent))
        self._sent += len(piece)
        self._show()
        return piece

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _show(self) -> None:
        total = self._wanted.size
        if total >= _SHOWN_FROM_BYTES and self._sent * 10 // total > self._tenths:
            self._tenths = self._sent * 10 // total
            self._log.line(f"{units.size(self._sent)} of {units.size(total)} sent.")
