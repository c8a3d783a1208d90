"""A bundle as an earlier run left it, believed only where report, manifest and files agree."""

from __future__ import annotations

import json
import math
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ValidationError

from onnx_export_action import tasks
from onnx_export_action.baseline.found import Unusable
from onnx_export_action.bundle import MANIFEST
from onnx_export_action.hashing import record_of
from onnx_export_action.records import File, Report
from onnx_export_action.report import document

REPORT = "report.json"
MODEL = "model.onnx"
GREATEST_TEXT = 32 << 20

_MOST_DIGITS = 18


class _Manifest(BaseModel):
    files: tuple[File, ...]


def check(folder: Path) -> Report:
    """The report of a bundle, each of whose files was read and is the one that was proven; raises Unusable."""
    report = report_of(folder / REPORT)
    listed = _manifest(folder)
    if set(listed) != set(report.files):
        raise Unusable(f"Its {REPORT} and its {MANIFEST} do not list the same files.")
    names = {file.path for file in listed}
    missing = {*models_of(report), *(report.graph.external_files if report.graph else ())} - names
    if missing or len(names) < len(listed):
        raise Unusable(f"Its {MANIFEST} does not list {min(missing, default='each file once')}.")
    for file in listed:
        _check_file(folder, file)
    return report


def model_of(report: Report) -> str:
    """The name of the main file."""
    step = f"{tasks.STEP}.onnx"
    return step if step in {file.path for file in report.files} else MODEL


def models_of(report: Report) -> tuple[str, ...]:
    """The names of all files that a model was written to, the main one first."""
    main = model_of(report)
    return (main,) if main == MODEL else (main, *(f"{part}.onnx" for part in (tasks.ENCODER, tasks.DECODER)))


def report_of(path: Path) -> Report:
    """The report in a file; raises Unusable."""
    return report_in(_text(path))


def report_in(text: str) -> Report:
    """The report of a file that passed its proof, with figures that can be counted with; raises Unusable."""
    try:
        report = document.from_json(text)
        json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
        document.to_json(report)
    except ValueError as error:
        raise Unusable(f"Its {REPORT} cannot be used. {str(error)[:300]}") from None
    except Exception:  # a derived figure that cannot be computed raises whatever its formula raises
        raise Unusable(f"Its {REPORT} cannot be used: it holds figures that no run measures.") from None
    if report.failure is not None or report.validation is None or not report.validation.passed:
        raise Unusable("Its file did not pass validation.")
    return report


def _manifest(folder: Path) -> tuple[File, ...]:
    try:
        return _Manifest.model_validate_json(_text(folder / MANIFEST)).files
    except ValidationError:
        raise Unusable(f"Its {MANIFEST} cannot be read.") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(GREATEST_TEXT + 1)
        if len(content) > GREATEST_TEXT:
            raise Unusable(f"Its {path.name} is longer than any real one.")
        return content.decode()
    except OSError as error:
        raise Unusable(f"Its {path.name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Unusable(f"Its {path.name} is no text.") from None


def _check_file(folder: Path, file: File) -> None:
    shown, parts = repr(file.path[:100]), PurePosixPath(file.path).parts
    if not parts or not file.path.isprintable() or "\\" in file.path or not set(parts).isdisjoint(("/", "//", "..")):
        raise Unusable(f"Its {MANIFEST} names {shown}, which is no file of a bundle.")
    path = folder / file.path
    try:
        if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise Unusable(f"Its file {shown} is missing.")
        if path.stat().st_size != file.size_bytes or record_of(path, file.path) != file:
            raise Unusable(f"Its file {shown} is not the one that was proven: its SHA-256 is another.")
    except OSError as error:
        raise Unusable(f"Its file {shown} cannot be read: {error.strerror}.") from None


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("It holds a number that is too large.")
    return int(digits)


def _finite(number: str) -> float:
    if not math.isfinite(value := float(number)):
        raise ValueError("It holds a number that is not finite.")
    return value
