"""The zip that is written straight into blocks."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github.artifact.archive import BlockSink, Entry, write_zip
from onnx_export_action.github.artifact.failure import UploadFailed


def entry(folder: Path, name: str, content: bytes, stored: bool = False) -> Entry:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return Entry(folder / name, name, len(content), stored)


def written(entries: list[Entry]) -> bytes:
    blocks: list[bytes] = []
    write_zip(entries, BlockSink(blocks.append, 1024))
    return b"".join(blocks)


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(1, 64))
def test_sink__cuts_any_writes_into_blocks_of_one_size(pieces: list[bytes], size: int) -> None:
    blocks: list[bytes] = []
    sink = BlockSink(blocks.append, size)
    for piece in pieces:
        assert sink.write(piece) == len(piece)
    sink.finish()
    whole = b"".join(pieces)
    assert b"".join(blocks) == whole
    assert {len(block) for block in blocks[:-1]} <= {size}
    assert all(blocks)
    assert (sink.size, sink.digest) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_zip__is_read_by_another_program_as_it_was_written(tmp_path: Path) -> None:
    contents = {
        "b/deep.txt": b"text " * 500,
        "a.onnx": bytes(range(256)) * 20,
        "empty.json": b"",
        "\u4e2d.txt": b"name",
    }
    entries = [entry(tmp_path, name, content, name.endswith(".onnx")) for name, content in contents.items()]
    with zipfile.ZipFile(io.BytesIO(written(entries))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(contents)
        assert {name: archive.read(name) for name in contents} == contents
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o644}
    assert kinds.pop("a.onnx") == zipfile.ZIP_STORED
    assert set(kinds.values()) == {zipfile.ZIP_DEFLATED}


def test_zip__does_not_know_when_or_in_which_order_it_was_made(tmp_path: Path) -> None:
    entries = [entry(tmp_path, name, name.encode()) for name in ("a", "b", "c")]
    first = written(entries)
    (tmp_path / "a").touch()
    assert written(entries[::-1]) == first


@pytest.mark.parametrize("size", [0, 2, 4])
def test_zip__a_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    listed = Entry(entry(tmp_path, "a", b"abc").path, "a", size, stored=True)
    with pytest.raises(UploadFailed, match="a is not as long as it was"):
        written([listed])


@pytest.mark.parametrize("stored", [True, False])
def test_zip__a_file_of_another_hash_is_refused(tmp_path: Path, stored: bool) -> None:
    content = bytes(3 << 20)
    proven = entry(tmp_path, "model.onnx", content, stored)
    listed = replace(proven, sha256=hashlib.sha256(content).hexdigest())
    assert written([listed]) == written([proven])
    proven.path.write_bytes(content[:-1] + b"\1")
    with pytest.raises(UploadFailed, match=r"model\.onnx is not what the manifest lists"):
        written([listed])


def test_zip__a_link_is_not_followed(tmp_path: Path) -> None:
    entry(tmp_path, "secret", b"abc")
    (tmp_path / "link").symlink_to("secret")
    with pytest.raises(UploadFailed, match="link cannot be read"):
        written([Entry(tmp_path / "link", "link", 3, stored=False)])


def test_zip__nothing_is_handed_on_after_a_block_has_failed(tmp_path: Path) -> None:
    handed: list[bytes] = []

    def emit(block: bytes) -> None:
        handed.append(block)
        raise UploadFailed("no")

    with pytest.raises(UploadFailed, match="no"):
        write_zip([entry(tmp_path, "a", bytes(5000), stored=True)], BlockSink(emit, 1024))
    assert len(handed) == 1


def test_zip__of_a_file_beyond_two_gib_has_the_64_bit_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The limit is lowered, not the file grown: the form is chosen by the size that is known before the data.
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    large = written([entry(tmp_path, "a.onnx_data", bytes(5000), stored=True), entry(tmp_path, "z.json", b"{}")])
    with zipfile.ZipFile(io.BytesIO(large)) as archive:
        assert archive.testzip() is None
        assert archive.read("z.json") == b"{}"
    assert b"PK\x06\x06" in large
