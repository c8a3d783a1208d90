"""Whatever somebody packed: it lands in its folder as it was, or it is one sentence and nothing outside."""

from __future__ import annotations

import io
import stat
import tempfile
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github.artifact.extract import Bounds, extract, read, readable
from onnx_export_action.github.failure import Failed

SMALL = Bounds(entries=20, file_bytes=5_000, all_bytes=20_000)
PARTS = st.sampled_from(["a", "b", "c.json", "..", ".", "", "C:", "\\", "é", "\0x", "n" * 250]) | st.text(
    st.characters(codec="utf-8"), max_size=8
)
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
MODES = st.sampled_from([0, stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o600, stat.S_IFDIR | 0o755])
ENTRIES = st.lists(st.tuples(NAMES, st.binary(max_size=6_000), MODES), max_size=8)


def packed(entries: list[tuple[str, bytes, int]], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", kind) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename = entry.orig_filename = name
            entry.external_attr, entry.compress_type = mode << 16, kind
            archive.writestr(entry, content)
    return written.getvalue()


def tried(content: bytes, folder: Path) -> tuple[dict[str, bytes], str]:
    """What was unpacked, or why not."""
    try:
        return unpacked(content, folder), ""
    except Failed as failure:
        return {}, str(failure)


def unpacked(content: bytes, folder: Path, bounds: Bounds = SMALL) -> dict[str, bytes]:
    with readable("The archive"):
        archive = zipfile.ZipFile(io.BytesIO(content))
    paths = extract(archive, folder, bounds)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@given(entries=ENTRIES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_extract__any_archive_lands_inside_or_is_refused(entries: list[tuple[str, bytes, int]]) -> None:
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer) / "inner" / "folder"
        found, sentence = tried(packed(entries), folder)
        assert sentence == "" or (sentence.endswith(".") and not found)
        written = [path for path in Path(outer).rglob("*") if not path.is_dir()]
        assert all(path.is_relative_to(folder) and path.is_file() and not path.is_symlink() for path in written)
        given_contents = {name: content for name, content, _ in entries}
        assert all(given_contents[name] == content for name, content in found.items())
        assert sum(map(len, found.values())) <= SMALL.all_bytes


@given(
    damage=st.lists(st.tuples(st.integers(0, 399), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.integers(0, 200),
)
def test_extract__any_damage_is_one_sentence(damage: list[tuple[int, int]], cut: int) -> None:
    content = bytearray(packed([("a/model.onnx", b"weights" * 40, 0), ("report.json", b"{}", 0)]))
    for place, value in damage:
        content[place % len(content)] = value
    with tempfile.TemporaryDirectory() as outer:
        found, sentence = tried(bytes(content[: len(content) - cut]), Path(outer) / "inner")
        assert sentence == "" or (sentence.endswith(".") and not found)
        assert [path.name for path in Path(outer).iterdir()] in ([], ["inner"])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../x", "leads out of its folder"),
        ("a/../../x", "leads out of its folder"),
        ("/etc/passwd", "leads out of its folder"),
        ("a//b", "leads out of its folder"),
        ("./a", "leads out of its folder"),
        ("..\\x", "has a name that no bundle has"),
        ("C:/x", "has a name that no bundle has"),
        ("a\nb", "has a name that no bundle has"),
        ("report.json\0.exe", "has a name that no bundle has"),
        ("n" * 201, "has too long a name"),
        ("/".join(["n" * 100] * 11), "has too long a name"),
    ],
)
def test_extract__names_that_are_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(Failed, match=why):
        unpacked(packed([(name, b"", 0)]), tmp_path / "inner")
    assert not (tmp_path / "inner").exists()


def test_extract__a_file_that_is_a_folder_too(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="a file and a folder"):
        unpacked(packed([("a", b"", 0), ("a/b", b"", 0)]), tmp_path / "inner")


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_extract__compressed_in_a_way_that_github_does_not(tmp_path: Path, kind: int) -> None:
    with pytest.raises(Failed, match="compressed in an unknown way"):
        unpacked(packed([("a", b"x", 0)], kind), tmp_path / "inner")


@pytest.mark.parametrize(
    ("sizes", "why"),
    [([5_001], "more bytes than are taken"), ([5_000] * 5, "more bytes than are taken"), ([0] * 21, "21 entries")],
)
def test_extract__more_than_agreed_is_refused_before_anything_is_written(
    tmp_path: Path, sizes: list[int], why: str
) -> None:
    content = packed([(f"{number}", bytes(size), 0) for number, size in enumerate(sizes)])
    with pytest.raises(Failed, match=why):
        unpacked(content, tmp_path / "inner")
    assert not (tmp_path / "inner").exists()


@pytest.mark.parametrize("declared", [10, 4_000])
def test_extract__a_false_size_ends_at_what_was_declared(tmp_path: Path, declared: int) -> None:
    content = bytearray(packed([("bomb", bytes(1_000), 0)]))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = declared.to_bytes(4, "little")
    content[entry + 16 : entry + 20] = zlib.crc32(bytes(min(declared, 1_000))).to_bytes(4, "little")
    refused = pytest.raises(Failed, match="shorter than it declares")
    with refused if declared > 1_000 else nullcontext():
        assert len(unpacked(bytes(content), tmp_path / "inner")["bomb"]) == declared


def test_extract__an_existing_file_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").symlink_to(tmp_path / "outside")
    with pytest.raises(Failed, match="cannot be unpacked: File exists"):
        unpacked(packed([("a", b"x", 0)]), tmp_path / "inner")
    assert not (tmp_path / "outside").exists()


def test_read__one_file_whatever_the_size_of_the_others() -> None:
    content = packed([("model.onnx", bytes(50_000), 0), ("report.json", b"{}", 0)])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert read(archive, "report.json", SMALL) == b"{}"
        assert read(archive, "absent", SMALL) is None
        with pytest.raises(Failed, match="more bytes than are taken"):
            read(archive, "model.onnx", SMALL)
