"""What somebody else packed, unpacked within limits: no path outside the folder, no link, no more than was agreed."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.github.failure import Failed
from onnx_export_action.hashing import write_new

_PIECE = 1 << 20
_LONGEST_PART, _LONGEST_NAME = 200, 1000
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# All that zipfile and zlib raise for an archive that is not as it should be; a MemoryError is of such a one too.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, OverflowError, IndexError, KeyError, MemoryError),
)


@dataclass(frozen=True)
class Bounds:
    """What an archive may hold at most."""

    entries: int = 10_000
    file_bytes: int = 64 << 30
    all_bytes: int = 64 << 30


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Whatever a damaged archive raises becomes one sentence."""
    try:
        yield
    except _DAMAGE:
        raise Failed(f"{what} is damaged: it cannot be read as a zip archive.") from None


def checked(archive: zipfile.ZipFile, bounds: Bounds) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive by name; raises Failed for one that would leave its folder, or has too many entries."""
    entries = archive.infolist()
    if len(entries) > bounds.entries:
        raise Failed(f"The archive has {len(entries)} entries, more than the {bounds.entries} that are read.")
    files: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        if why := _refused(entry):
            raise Failed(f"The archive is refused: its entry {entry.orig_filename[:100]!r} {why}.")
        if not entry.is_dir():
            if entry.filename in files:
                raise Failed(f"The archive is refused: it has {entry.filename[:100]!r} twice.")
            files[entry.filename] = entry
    folders = {parent.as_posix() for name in files for parent in Path(name).parents}
    if folders & files.keys():
        raise Failed("The archive is refused: one name is a file and a folder.")
    return files


def read(archive: zipfile.ZipFile, name: str, bounds: Bounds) -> bytes | None:
    """One file of an archive, however long the others are; None where it has none of that name."""
    entry = checked(archive, bounds).get(name)
    if entry is None:
        return None
    _check_sizes([entry], bounds)
    with readable("The archive"):
        return b"".join(_pieces(archive, entry))


def extract(archive: zipfile.ZipFile, folder: Path, bounds: Bounds) -> list[Path]:
    """Unpack into a folder that is empty or does not exist; raises Failed, and then what was written is not whole."""
    files = checked(archive, bounds)
    _check_sizes(files.values(), bounds)
    try:
        return [_unpacked(archive, entry, folder / name) for name, entry in files.items()]
    except OSError as error:
        raise Failed(f"The archive cannot be unpacked: {error.strerror}.") from None


def _check_sizes(entries: Collection[zipfile.ZipInfo], bounds: Bounds) -> None:
    longest = max((entry.file_size for entry in entries), default=0)
    if longest > bounds.file_bytes or sum(entry.file_size for entry in entries) > bounds.all_bytes:
        raise Failed("The archive is refused: it unpacks to more bytes than are taken.")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with readable("The archive"):
        write_new(path, _pieces(archive, entry))
    return path


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of an entry; one that yields more than it declares is a bomb."""
    left = entry.file_size
    with archive.open(entry) as packed:
        while piece := packed.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise Failed("The archive is refused: an entry is longer than it declares.")
            yield piece
    if left:
        raise Failed("The archive is refused: an entry is shorter than it declares.")


def _refused(entry: zipfile.ZipInfo) -> str:
    """Why an entry is not taken; zipfile cuts names at a NUL, so it is the name as written that counts."""
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    parts = name.removesuffix("/").split("/")
    if name != entry.filename or not name.isprintable() or "\\" in name or ":" in parts[0]:
        return "has a name that no bundle has"
    if any(part in ("", ".", "..") for part in parts):
        return "leads out of its folder"
    if len(name.encode()) > _LONGEST_NAME or any(len(part.encode()) > _LONGEST_PART for part in parts):
        return "has too long a name"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    return "" if entry.compress_type in _KNOWN else "is compressed in an unknown way"
