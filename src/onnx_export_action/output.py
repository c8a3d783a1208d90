"""The output folder: made, cleared of an earlier run, and never touched beyond what this program left there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action import bundle, hashing, tasks
from onnx_export_action.errors import SurroundingsError
from onnx_export_action.variants.kinds import KINDS

FAILED_MODEL = "model.failed.onnx"

_MODELS = ("model", tasks.ENCODER, tasks.DECODER, tasks.STEP, tasks.MERGED)
_OWN = (
    *("report.json", "report.md", "report.html", bundle.MANIFEST),
    *(f"{name}{end}" for name in _MODELS for end in (".onnx", ".onnx_data", ".failed.onnx")),
)
_VARIANTS = tuple(f"{kind.file}{data}" for kind in KINDS.values() for data in ("", "_data"))
_OWN_FOLDERS = ("attempts", bundle.UNFINISHED)


def prepare(folder: Path) -> None:
    """Make the folder and remove what an earlier run left, so that nothing old can pass for new."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder / name for name in (*_listed(folder), *_OWN, *_VARIANTS)):
            if path.is_file() and path.parent.resolve().is_relative_to(folder.resolve()):
                path.unlink()
        for name in _OWN_FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        bundle.discard_drafts(folder)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SurroundingsError(
            f"the output folder {folder.name} cannot be written: {error.strerror}.",
            "Choose another `output-dir`, or correct the folder's rights.",
        ) from error


def discard_unfinished(folder: Path) -> None:
    """Remove what a run that was ended in the middle could not finish."""
    shutil.rmtree(folder / bundle.UNFINISHED, ignore_errors=True)
    bundle.discard_drafts(folder)


@dataclass(frozen=True)
class Unfinished:
    """What workers may write, and what no model's code may touch."""

    ours: Path
    workers: Path


@contextmanager
def work_folder(folder: Path, user: int | None) -> Iterator[Unfinished]:
    """Two folders on the same disk for unfinished files, gone afterwards."""
    whole = folder / bundle.UNFINISHED
    made = Unfinished(ours=whole / "ours", workers=whole / "workers")
    for path in (whole, made.ours, made.workers):
        path.mkdir()
    if user is not None:
        shutil.chown(made.workers, user, user)
    try:
        yield made
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def take_model(exported: Path, folder: Path, passed: bool) -> Path:
    """Move the main file, what lies beside it and all data into the bundle; files that failed say so in their names."""
    # The main file last: where it lies under its name, all others do too.
    for path in sorted(exported.parent.iterdir(), key=lambda path: path == exported):
        target = place_of(path, folder, passed)
        hashing.move(path, target)
    return target


def place_of(exported: Path, folder: Path, passed: bool) -> Path:
    """Where a file of an export lies in the bundle."""
    # A data file keeps its name: the graph refers to it.
    failed = not passed and exported.suffix == ".onnx"
    return folder / (f"{exported.stem}.failed.onnx" if failed else exported.name)


def _listed(folder: Path) -> list[str]:
    manifest = folder / bundle.MANIFEST
    try:
        names = [str(file["path"]) for file in json.loads(manifest.read_text(encoding="utf-8"))["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in names if name.isprintable()]


def keep_tracebacks(folder: Path, tracebacks: dict[str, str]) -> None:
    """Leave each failed attempt's traceback as a file, for whoever looks deeper."""
    for exporter, text in tracebacks.items():
        (folder / "attempts").mkdir(exist_ok=True)
        (folder / "attempts" / f"{exporter}.txt").write_text(text, encoding="utf-8")
