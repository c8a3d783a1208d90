"""A file's hash is that of what lies on the disk now."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from onnx_export_action import hashing
from onnx_export_action.hashing import sha256_of, write_new

PIECE = 1000
PIECES = [b"one", b"", b"two" * 100_000, b"three"]


def test_write_new__the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "new"
    write_new(file, iter(PIECES))
    assert file.read_bytes() == b"".join(PIECES)
    assert sha256_of(file) == hashlib.sha256(b"".join(PIECES)).hexdigest()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_sha256_of__any_number_of_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(hashing, "_PIECE", PIECE)
    content = random.Random(size).randbytes(size)
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_sha256_of__a_file_that_was_changed_since_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "new"
    write_new(file, [b"before"])
    file.write_bytes(b"beyond")
    os.utime(file, ns=(0, 1))
    assert sha256_of(file) == hashlib.sha256(b"beyond").hexdigest()


def test_write_new__never_over_what_stands_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "link", [b"mine"])
    assert not (tmp_path / "elsewhere").exists()


def test_sha256_of__a_change_that_was_hidden_by_its_time_is_read(tmp_path: Path) -> None:
    file = tmp_path / "new"
    write_new(file, [b"before"])
    was = file.stat()
    file.write_bytes(b"beyond")
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert sha256_of(file) == hashlib.sha256(b"beyond").hexdigest()


@pytest.mark.parametrize("touched", [False, True])
def test_move__what_is_known_goes_along_unless_somebody_has_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touched: bool
) -> None:
    file, target = tmp_path / "made", tmp_path / "delivered"
    file.write_bytes(b"before")
    sha256_of(file)
    if touched:
        file.write_bytes(b"beyond")
    read = list[Path]()
    digest = hashing._digest
    monkeypatch.setattr(hashing, "_digest", lambda path: read.append(path) or digest(path))
    hashing.move(file, target)
    assert sha256_of(target) == hashlib.sha256(target.read_bytes()).hexdigest()
    assert read == ([target] if touched else [])
    assert not file.exists()


def test_move__a_change_afterwards_is_read(tmp_path: Path) -> None:
    file, target = tmp_path / "made", tmp_path / "delivered"
    file.write_bytes(b"before")
    sha256_of(file)
    hashing.move(file, target)
    target.write_bytes(b"beyond")
    assert sha256_of(target) == hashlib.sha256(b"beyond").hexdigest()
