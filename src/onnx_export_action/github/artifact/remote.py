"""A blob behind a signed address as a seekable file, of which little more than what is read crosses the network."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import IO

from onnx_export_action.github.artifact.calls import Answer, BrokenOff, Call, Caller
from onnx_export_action.github.artifact.failure import UploadFailed
from onnx_export_action.github.failure import Failed

# What a jump brings: of most archives the whole index, and the report before it.
_JUMP_BYTES = 1 << 17
# Nobody reads more at once but the index of an archive, which has no reason to be longer.
_LONGEST_READ = 1 << 22
_PIECE = 1 << 20
_REFUSED = (401, 403, 404)


class RemoteFile(io.RawIOBase):
    """Jumps by `fetch(start, length)`, and goes on by `onwards(start)`: one answer, however long it is.

    Raises Failed for a read that is longer than any sensible one.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], bytes],
        onwards: Callable[[int], Generator[bytes]],
        size: int,
        beginning: bytes = b"",
    ) -> None:
        self._fetch, self._onwards, self._size = fetch, onwards, size
        self._at, self._start, self._window = 0, 0, beginning
        self._coming: Generator[bytes] | None = None

    def close(self) -> None:
        """Give up what is on its way."""
        self._give_up()
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
        pieces = list[bytes]()
        while wanted:
            pieces.append(self._some(wanted))
            wanted -= len(pieces[-1])
        return b"".join(pieces)

    def _some(self, most: int) -> bytes:
        while not 0 <= self._at - self._start < len(self._window):
            self._load()
        inside = self._at - self._start
        piece = self._window[inside : inside + most]
        self._at += len(piece)
        return piece

    def _load(self) -> None:
        end = self._start + len(self._window)
        if end <= self._at < end + _JUMP_BYTES:
            self._coming = self._coming or self._onwards(end)
            self._start, self._window = end, next(self._coming)
            return
        self._give_up()
        # The index of an archive is read backwards, in small steps: all of it comes with the first.
        self._start = min(self._at, max(0, self._size - _JUMP_BYTES))
        self._window = self._fetch(self._start, min(_JUMP_BYTES, self._size - self._start))

    def _give_up(self) -> None:
        if self._coming is not None:
            self._coming.close()
            self._coming = None


class Blob:
    """The bytes behind an address that is valid for a minute; one that is refused is asked for anew, once a call."""

    def __init__(self, caller: Caller, sign: Callable[[], str], what: str) -> None:
        self._caller, self._sign, self._what = caller, sign, what
        self._address = sign()

    def opened(self, copy: IO[bytes], most: int) -> tuple[RemoteFile, bool]:
        """The blob as a file, and whether all of it is in `copy`, as it is where a server knows no ranges."""
        answer = self._answer(self._call(0, _JUMP_BYTES))
        if answer.status == 206:
            size = _range(answer)[2]
            return RemoteFile(partial(self._part, size), partial(self._rest, size), size, answer.body), False
        if answer.status != 416:  # of an empty blob there is no first byte
            self._answer(Call(self._what, "GET", "", {}, b"", most, copy))
        size = copy.seek(0, os.SEEK_END)
        return RemoteFile(partial(_part_of, copy), partial(_rest_of, copy), size), answer.status != 416

    def _part(self, size: int, start: int, length: int) -> bytes:
        return self._same(self._call(start, length), size).body

    def _rest(self, size: int, start: int) -> Generator[bytes]:
        """All from a place on, as it comes; where it breaks off, what is left is asked for."""
        attempt = 0
        while start < size:
            call = replace(self._call(start, size - start), streamed=True)
            pieces = self._same(call, size).pieces
            assert pieces is not None
            try:
                with closing(pieces):
                    for piece in pieces:
                        start, attempt = start + len(piece), 0
                        yield piece
            except BrokenOff as broken:
                attempt += 1
                if not self._caller.may_try_again(call, attempt, broken):
                    raise Failed(str(broken)) from None
            else:
                if start != size:
                    raise Failed(f"{self._what} changed while it was read.")

    def _call(self, start: int, length: int) -> Call:
        return Call(self._what, "GET", "", {"Range": f"bytes={start}-{start + length - 1}"}, b"", most=length)

    def _same(self, call: Call, size: int) -> Answer:
        """The answer with all that was asked for, of a blob that is as long as it was."""
        answer = self._answer(call)
        if answer.status == 206:
            first, last, total = _range(answer)
            if total == size and call.headers["Range"] == f"bytes={first}-{last}":
                return answer
        raise Failed(f"{self._what} changed while it was read.")

    def _answer(self, call: Call) -> Answer:
        answer = self._asked(call)
        if answer.status in _REFUSED:
            self._address = self._sign()
            answer = self._asked(call)
        if answer.status not in (200, 206, 416):
            raise Failed(f"{self._what} was refused by its store (status {answer.status}).")
        return answer

    def _asked(self, call: Call) -> Answer:
        # No token: the address is the right to read, and its host is not GitHub's.
        call = replace(call, url=self._address)
        try:
            return self._caller.patiently(
                call, readable=lambda answer: answer.status != 206 or _is_as_asked(answer, call)
            )
        except UploadFailed as failure:
            raise Failed(str(failure)) from None


def _part_of(copy: IO[bytes], start: int, length: int) -> bytes:
    return os.pread(copy.fileno(), length, start)


def _rest_of(copy: IO[bytes], start: int) -> Generator[bytes]:
    while piece := os.pread(copy.fileno(), _PIECE, start):
        start += len(piece)
        yield piece


def _is_as_asked(answer: Answer, call: Call) -> bool:
    try:
        return call.headers.get("Range", "").startswith(f"bytes={_range(answer)[0]}-")
    except Failed:
        return False


def _range(answer: Answer) -> tuple[int, int, int]:
    """The first and the last byte of a part, and how long the whole is."""
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", answer.headers.get("Content-Range", ""), re.ASCII)
    first, last, total = map(int, found.groups()) if found else (1, 0, 0)
    whole = answer.pieces is not None or len(answer.body) == last + 1 - first
    if not (whole and first <= last < total):
        raise Failed("The artifact's store answered with another range than was asked for.")
    return first, last, total
