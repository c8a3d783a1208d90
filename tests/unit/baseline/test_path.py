"""A baseline by path: a folder, an .onnx, a report; what cannot be used is one warning, what is mistyped a refusal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from onnx_export_action import settings
from onnx_export_action.baseline.find import find
from onnx_export_action.baseline.found import Found
from onnx_export_action.errors import UsageError
from onnx_export_action.github.context import Context
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.records import NoBase
from tests.factories import make_model
from tests.unit.baseline import bundles
from tests.unit.baseline.bundles import bundle, written

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def look(workspace: Path, baseline: str) -> tuple[Found | NoBase, str]:
    chosen = settings.parse({"model": "models/encoder", "baseline": baseline}, workspace)
    printed = io.StringIO()
    found = find(chosen, make_model(), Context(), workspace / "unpacked", RunnerLog(printed))
    return found, printed.getvalue()


@pytest.mark.parametrize("absolute", [True, False])
def test_find__a_folder(tmp_path: Path, absolute: bool) -> None:
    folder = written(tmp_path / "before" / "run", bundle())
    found, log = look(tmp_path, str(folder) if absolute else "before/run")
    assert isinstance(found, Found), log
    assert (found.base.kind, found.base.name, found.base.commit) == ("path", "before/run", "")
    assert (found.folder, found.file) == (folder, folder / "model.onnx")
    assert found.report is not None
    assert "::warning" not in log


def test_find__an_onnx_file(tmp_path: Path) -> None:
    written(tmp_path, {"old.onnx": b"a graph"})
    found, _ = look(tmp_path, "old.onnx")
    assert isinstance(found, Found)
    assert (found.file, found.folder, found.report) == (tmp_path / "old.onnx", None, None)


def test_find__a_folder_of_another_exporter(tmp_path: Path) -> None:
    written(tmp_path, {"other/model.onnx": b"a graph", "other/config.json": b"{}"})
    found, _ = look(tmp_path, "other")
    assert isinstance(found, Found)
    assert (found.file, found.folder, found.report) == (tmp_path / "other" / "model.onnx", None, None)
    assert found.base.name == "other"


def test_find__a_report(tmp_path: Path) -> None:
    written(tmp_path, {"old.json": bundle()["report.json"]})
    found, _ = look(tmp_path, "old.json")
    assert isinstance(found, Found)
    assert (found.file, found.folder) == (None, None)
    assert found.report is not None
    assert [file.path for file in found.report.files] == list(bundles.CONTENT)


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        ({"old.onnx": b""}, "old.onnx", "It is empty."),
        ({"old.onnx": POINTER}, "old.onnx", "Git LFS pointer"),
        ({"old.json": b"{"}, "old.json", "cannot be used"),
        ({"old.json": POINTER}, "old.json", "Git LFS pointer"),
        ({"run/config.json": b"{}"}, "run", "report.json cannot be read: No such file or directory."),
        ({"run/model.onnx": b""}, "run", "It is empty."),
        ({f"run/{name}": data for name, data in {**bundle(), "model.onnx": b"x"}.items()}, "run", "'model.onnx'"),
    ],
)
def test_find__an_unusable_one_is_none_with_a_warning(
    tmp_path: Path, content: dict[str, bytes], name: str, why: str
) -> None:
    written(tmp_path, content)
    found, log = look(tmp_path, name)
    assert isinstance(found, NoBase)
    assert found.reason.startswith("The baseline was not used. ")
    assert why in found.reason
    assert log.count("::warning") == 1
    assert str(tmp_path) not in log


@pytest.mark.parametrize(
    ("baseline", "why"),
    [
        ("Auto", "is no folder, .onnx or .json file; the other values are `auto` and `none`"),
        ("old", "is no folder"),
        ("old.txt", "is no folder"),
        ("x" * 5000, "is no folder"),
        ("onnx-export", "lies in the output folder"),
        ("onnx-export/model.onnx", "lies in the output folder"),
        ("a\nb", "cannot be printed"),
    ],
)
def test_parse__a_mistyped_baseline_is_a_usage_error(tmp_path: Path, baseline: str, why: str) -> None:
    written(tmp_path, {"old.txt": b"x"})
    with pytest.raises(UsageError, match=why):
        settings.parse({"model": "models/encoder", "baseline": baseline}, tmp_path)
