"""The output folder: what an earlier run left goes, what anyone else left stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onnx_export_action import output
from onnx_export_action.errors import SurroundingsError


def test_prepare__removes_the_earlier_bundle_and_nothing_else(tmp_path: Path) -> None:
    folder, outside = tmp_path / "out", tmp_path / "precious"
    folder.mkdir()
    listed = [{"path": "tokenizer.json"}, {"path": "../precious"}]
    (folder / "manifest.json").write_text(json.dumps({"files": listed}), encoding="utf-8")
    for path in (folder / "tokenizer.json", folder / "model.onnx", folder / "report.md", folder / "notes.txt", outside):
        path.write_text("x", encoding="utf-8")
    output.prepare(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert outside.exists()


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": 3}', '{"files": [{"path": "a\\u0000b"}]}', "\ud800"])
def test_prepare__a_broken_manifest_is_only_removed(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8", errors="surrogatepass")
    output.prepare(tmp_path)
    assert not list(tmp_path.iterdir())


def test_prepare__a_file_in_the_folders_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x", encoding="utf-8")
    with pytest.raises(SurroundingsError, match="cannot be written"):
        output.prepare(tmp_path / "out")


def test_work_folder__is_gone_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        _fail_in(tmp_path)
    assert not list(tmp_path.iterdir())


def _fail_in(folder: Path) -> None:
    with output.work_folder(folder, None) as work:
        (work.workers / "half").write_text("x", encoding="utf-8")
        raise RuntimeError


@pytest.mark.parametrize(("passed", "name"), [(True, "model.onnx"), (False, "model.failed.onnx")])
def test_take_model__a_failed_file_says_so(tmp_path: Path, passed: bool, name: str) -> None:
    made = tmp_path / "made"
    made.mkdir()
    for part in ("model.onnx", "model.onnx_data"):
        (made / part).write_text(part, encoding="utf-8")
    folder = tmp_path / "out"
    folder.mkdir()
    assert output.take_model(made / "model.onnx", folder, passed) == folder / name
    assert sorted(path.name for path in folder.iterdir()) == sorted([name, "model.onnx_data"])


@pytest.mark.parametrize(("passed", "end"), [(True, ".onnx"), (False, ".failed.onnx")])
def test_take_model__all_files_of_an_encoder_decoder(tmp_path: Path, passed: bool, end: str) -> None:
    made, folder = tmp_path / "made", tmp_path / "out"
    made.mkdir()
    folder.mkdir()
    names = ["decoder_model", "decoder_with_past_model", "encoder_model"]
    for name in names:
        (made / f"{name}.onnx").write_text(name, encoding="utf-8")
    (made / "decoder_model.onnx_data").touch()
    main = output.take_model(made / "decoder_with_past_model.onnx", folder, passed)
    assert main == folder / f"decoder_with_past_model{end}"
    assert {path.name for path in folder.iterdir()} == {f"{name}{end}" for name in names} | {"decoder_model.onnx_data"}
    output.prepare(folder)
    assert not list(folder.iterdir())
