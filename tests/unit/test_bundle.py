"""The files around model.onnx."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from onnx_export_action import bundle
from onnx_export_action.records import Model


def model_at(folder: Path, kind: str = "transformers") -> Model:
    return Model.model_validate(
        {"id": "m", "path": str(folder), "kind": kind, "task": "t", "architecture": "A", "revision": None}
    )


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_copy_companions__takes_no_weights_and_no_code(tmp_path: Path) -> None:
    source = tmp_path / "m"
    write(
        source,
        config_dot_json="{}",
        tokenizer_dot_json="{}",
        model_dot_safetensors="w",
        modeling_dot_py="x",
        tokenizer_dot_py="x",
    )
    (source / "tokenizer_files").mkdir()
    bundle.copy_companions(model_at(source), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["config.json", "tokenizer.json"]


def test_copy_companions__follows_the_links_of_a_hub_cache(tmp_path: Path) -> None:
    write(tmp_path / "blobs", abc="content")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "vocab.txt").symlink_to(tmp_path / "blobs" / "abc")
    bundle.copy_companions(model_at(tmp_path / "m"), tmp_path / "out")
    copied = tmp_path / "out" / "vocab.txt"
    assert copied.read_text() == "content"
    assert not copied.is_symlink()


def test_copy_companions__never_writes_through_a_link(tmp_path: Path) -> None:
    write(tmp_path, precious="precious", m__config_dot_json="new")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").symlink_to(tmp_path / "precious")
    bundle.copy_companions(model_at(tmp_path / "m"), tmp_path / "out")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "out" / "config.json").read_text() == "new"


def test_copy_companions__a_ready_onnx_has_none(tmp_path: Path) -> None:
    write(tmp_path, config_dot_json="{}", x_dot_onnx="graph")
    bundle.copy_companions(model_at(tmp_path / "x.onnx", kind="onnx"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_write_manifest__every_file_but_itself_and_the_reports(tmp_path: Path) -> None:
    write(
        tmp_path,
        model_dot_onnx="graph",
        b__deep_dot_txt="x",
        a_dot_txt="",
        manifest_dot_json="old",
        report_dot_json="r",
        report_dot_md="r",
        report_dot_html="r",
        b__report_dot_md="kept",
    )
    (tmp_path / "link").symlink_to("model.onnx")
    records = bundle.write_manifest(tmp_path)
    assert [record.path for record in records] == ["a.txt", "b/deep.txt", "b/report.md", "model.onnx"]
    assert records[-1].size_bytes == 5
    assert records[-1].sha256 == hashlib.sha256(b"graph").hexdigest()
    written = json.loads((tmp_path / "manifest.json").read_text())
    assert written["files"] == [record.model_dump() for record in records]
    assert bundle.read_files(tmp_path) == records


def test_write_manifest__never_writes_through_a_link(tmp_path: Path) -> None:
    write(tmp_path, precious="precious", out__a_dot_txt="x")
    (tmp_path / "out" / "manifest.json").symlink_to(tmp_path / "precious")
    bundle.write_manifest(tmp_path / "out")
    assert (tmp_path / "precious").read_text() == "precious"
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["files"][0]["path"] == "a.txt"


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """New owners by file name, as if by root."""
    given: dict[str, tuple[int, int]] = {}

    def chown(path: Path, uid: int, gid: int, **options: Any) -> None:
        assert options == {"follow_symlinks": False}
        given[path.name] = (uid, gid)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", chown)
    return given


def test_hand_over__gives_all_to_the_owner_of_the_workspace(tmp_path: Path, owners: dict[str, tuple[int, int]]) -> None:
    write(tmp_path / "out", a_dot_txt="x", b__c_dot_txt="x")
    (tmp_path / "out" / "link").symlink_to("/")
    bundle.hand_over(tmp_path / "out", tmp_path)
    owner = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    assert owners == dict.fromkeys(["out", "a.txt", "b", "c.txt", "link"], owner)


def test_hand_over__a_single_file_and_none(tmp_path: Path, owners: dict[str, tuple[int, int]]) -> None:
    write(tmp_path, a_dot_txt="x")
    bundle.hand_over(tmp_path / "a.txt", tmp_path)
    bundle.hand_over(tmp_path / "none", tmp_path)
    assert list(owners) == ["a.txt"]


def test_hand_over__only_root_can(
    tmp_path: Path, owners: dict[str, tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    bundle.hand_over(tmp_path, tmp_path)
    assert owners == {}
