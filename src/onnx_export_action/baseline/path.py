"""A baseline that the user names: an earlier run's folder, another's with a model.onnx, an `.onnx`, a report.json."""

from __future__ import annotations

from pathlib import Path

from onnx_export_action.baseline import folder
from onnx_export_action.baseline.found import Found, Unusable
from onnx_export_action.errors import RunError
from onnx_export_action.records import Base
from onnx_export_action.sources.lfs import check_not_pointer
from onnx_export_action.sources.names import shown_name


def read(path: Path, workspace: Path) -> Found:
    """The baseline at a path; raises Unusable."""
    base = Base(kind="path", name=shown_name(path, workspace))
    if path.is_dir() and not _is_foreign(path):
        report = folder.check(path)
        return Found(base, path, path / folder.model_of(report), report)
    path = path / folder.MODEL if path.is_dir() else path
    try:
        check_not_pointer(path)
        size = path.stat().st_size
    except RunError as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"It cannot be read: {error.strerror}.") from None
    if size == 0:
        raise Unusable("It is empty.")
    if path.suffix == ".onnx":
        return Found(base, file=path)
    return Found(base, report=folder.report_of(path))


def _is_foreign(path: Path) -> bool:
    """A folder as another exporter left it: the file, and no report of ours."""
    return (path / folder.MODEL).is_file() and not (path / folder.REPORT).exists()
