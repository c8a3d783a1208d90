"""A blob behind a signed address as a seekable file, of which only what is read crosses the network."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

from onnx_export_action.github.artifact.calls import Answer, Call, Caller
from onnx_export_action.github.artifact.failure import UploadFailed
from onnx_export_action.github.failure import Failed

# Small for a jump, as to the index at the end; growing while a reader goes on.
_FIRST_BYTES = 1 << 17
_MOST_BYTES = 1 << 23
# Nobody reads more at once but the index of an archive, which has no reason to be longer.
_LONGEST_READ = 1 << 22
_REFUSED = (401, 403, 404)


class RemoteFile(io.RawIOBase):
    """Reads through `fetch(start, length)`; raises Failed for a read that is longer than any sensible one."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, beginning: bytes = b"") -> None:
        self._fetch, self._size, self._at = fetch, size, 0
        self._start, self._window, self._step = 0, beginning, _FIRST_BYTES
        self._beside, self._coming = ThreadPoolExecutor(1), dict[int, Future[bytes]]()

    def close(self) -> None:
        """Give up what is on its way."""
        self._beside.shutdown(wait=False, cancel_futures=True)
        super().close()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move without reading; before the beginning is refused as a file does."""
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if at < 0:
            raise OSError("negative seek")
        self._at = at
        return at

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes as asked for, fewer only at the end."""
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > _LONGEST_READ:
            raise Failed("The archive's index is longer than that of any bundle.")
        found = bytearray()
        while len(found) < wanted:
            found += self._some(wanted - len(found))
        return bytes(found)

    def _some(self, most: int) -> bytes:
        if not 0 <= self._at - self._start < len(self._window):
            self._load()
        inside = self._at - self._start
        piece = self._window[inside : inside + most]
        self._at += len(piece)
        return piece

    def _load(self) -> None:
        onwards = self._at == self._start + len(self._window)
        self._step = min(2 * self._step, _MOST_BYTES) if onwards else _FIRST_BYTES
        # The index of an archive is read backwards, in small steps: all of it comes with the first.
        start = self._at if onwards else min(self._at, max(0, self._size - self._step))
        self._window, self._start = self._piece(start), start
        following = start + len(self._window)
        if self._step == _MOST_BYTES and following < self._size:
            # Whoever reads so far on reads the next piece too: it comes while this one is worked on.
            self._coming[following] = self._beside.submit(self._fetch, following, self._length(following))

    def _piece(self, start: int) -> bytes:
        coming = self._coming.pop(start, None)
        self._coming.clear()
        return coming.result() if coming else self._fetch(start, self._length(start))

    def _length(self, start: int) -> int:
        return min(self._step, self._size - start)


class Blob:
    """The bytes behind an address that is valid for a minute; one that is refused is asked for anew, once a call."""

    def __init__(self, caller: Caller, sign: Callable[[], str], what: str) -> None:
        self._caller, self._sign, self._what = caller, sign, what
        self._address = sign()

    def opened(self, copy: IO[bytes], most: int) -> tuple[RemoteFile, bool]:
        """The blob as a file, and whether all of it is in `copy`, as it is where a server knows no ranges."""
        answer = self._answer({"Range": f"bytes=0-{_FIRST_BYTES - 1}"}, _FIRST_BYTES)
        if answer.status == 206:
            size = _total(answer)
            return RemoteFile(lambda start, length: self._piece(start, length, size), size, answer.body), False
        if answer.status == 416:  # of an empty blob there is no first byte
            return RemoteFile(lambda *_: b"", 0), False
        self._answer({}, most, copy)
        size = copy.seek(0, os.SEEK_END)
        return RemoteFile(lambda start, length: os.pread(copy.fileno(), length, start), size), True

    def _piece(self, start: int, length: int, size: int) -> bytes:
        answer = self._answer({"Range": f"bytes={start}-{start + length - 1}"}, length)
        if answer.status != 206 or _total(answer) != size or len(answer.body) != length:
            raise Failed(f"{self._what} changed while it was read.")
        return answer.body

    def _answer(self, headers: dict[str, str], most: int, into: IO[bytes] | None = None) -> Answer:
        answer = self._asked(headers, most, into)
        if answer.status in _REFUSED:
            self._address = self._sign()
            answer = self._asked(headers, most, into)
        if answer.status not in (200, 206, 416):
            raise Failed(f"{self._what} was refused by its store (status {answer.status}).")
        return answer

    def _asked(self, headers: dict[str, str], most: int, into: IO[bytes] | None) -> Answer:
        # No token: the address is the right to read, and its host is not GitHub's.
        call = Call(self._what, "GET", self._address, headers, b"", most=most, into=into)
        try:
            return self._caller.patiently(
                call, readable=lambda answer: answer.status != 206 or _is_as_asked(answer, call)
            )
        except UploadFailed as failure:
            raise Failed(str(failure)) from None


def _total(answer: Answer) -> int:
    found = _range(answer)
    if found is None:
        raise Failed("The artifact's store answered with another range than was asked for.")
    return found[1]


def _is_as_asked(answer: Answer, call: Call) -> bool:
    found = _range(answer)
    return found is not None and call.headers.get("Range", "").startswith(f"bytes={found[0]}-")


def _range(answer: Answer) -> tuple[int, int] | None:
    """Where a part begins, and how long the whole is."""
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", answer.headers.get("Content-Range", ""), re.ASCII)
    if found is None or int(found[2]) + 1 - int(found[1]) != len(answer.body) or int(found[2]) >= int(found[3]):
        return None
    return int(found[1]), int(found[3])
