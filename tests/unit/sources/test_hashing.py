"""A file's hash is that of what lies on the disk now."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from onnx_export_action.sources import hashing
from onnx_export_action.sources.hashing import sha256_of, write_new

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
