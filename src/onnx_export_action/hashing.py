"""SHA-256 of big files: streamed, and computed once for a file that has not changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from onnx_export_action.records import File

_PIECE = 1 << 20  # it stays in the processor's own cache between reading and hashing
Version = tuple[Path, int, int, int, int]
_known: dict[Version, str] = {}
_computing = Lock()  # whoever asks for what is being computed waits for it


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's content."""
    version = version_of(path)
    with _computing:
        if version not in _known:
            _known[version] = _digest(path)
        return _known[version]


def begin(paths: Sequence[Path]) -> None:
    """Hash files that will be asked for, while this thread has other work or waits."""
    Thread(target=_hash_all, args=(paths,), daemon=True).start()


def _hash_all(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # it is gone: whoever asks for it says so
            sha256_of(path)


def record_of(path: Path, name: str) -> File:
    """The record of a file under the name that people see."""
    return File(path=name, size_bytes=path.stat().st_size, sha256=sha256_of(path))


def write_new(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that does not exist yet, and hash each piece while the next one comes."""
    whole = hashlib.sha256()
    with path.open("xb") as file, ThreadPoolExecutor(1) as beside:  # never through a link or over what stands there
        hashed = beside.submit(whole.update, b"")
        for piece in pieces:
            hashed.result()
            hashed = beside.submit(whole.update, piece)
            file.write(piece)
    _known[version_of(path)] = whole.hexdigest()


def move(path: Path, target: Path) -> None:
    """Give a file another name on the same disk; the hash of one that nobody has touched since stays known."""
    known = _known.get(version_of(path))
    path.rename(target)
    if known is not None:
        _known[version_of(target)] = known


def _digest(path: Path) -> str:
    whole, piece = hashlib.sha256(), memoryview(bytearray(min(_PIECE, path.stat().st_size)))
    with path.open("rb", buffering=0) as stream:
        while read := stream.readinto(piece):
            whole.update(piece[:read])
    return whole.hexdigest()


def version_of(path: Path) -> Version:
    """Its place, inode, size and times: those of a changed file are others. Raises OSError where there is none.

    The time of its content can be set back; the time of its last change of any kind (ctime) is the kernel's alone.
    """
    real = path.resolve()
    stat = real.stat()
    return real, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
