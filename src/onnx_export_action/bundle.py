"""The bundle around model.onnx: companion files, manifest.json, and an owner that the next step can work as."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from onnx_export_action.records import File, Model
from onnx_export_action.sources.companions import is_companion
from onnx_export_action.sources.hashing import record_of

MANIFEST = "manifest.json"

# Written after the manifest, from it.
_UNLISTED = frozenset({MANIFEST, "report.json", "report.md", "report.html"})


def copy_companions(model: Model, destination: Path) -> None:
    """Copy the tokenizer, processor and configuration beside the ONNX file; a ready .onnx has none."""
    if model.kind == "onnx":
        return
    destination.mkdir(parents=True, exist_ok=True)
    for source in sorted(Path(model.path).iterdir()):
        if source.is_file() and is_companion(source.name):
            _replace(destination / source.name, source)


def read_files(folder: Path) -> tuple[File, ...]:
    """Every file of the bundle by relative path, with its size and hash, but for the manifest and the reports."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    names = sorted((path.relative_to(folder).as_posix(), path) for path in paths)
    return tuple(record_of(path, name) for name, path in names if name not in _UNLISTED)


def write_manifest(folder: Path) -> tuple[File, ...]:
    """Write manifest.json and return the records in it."""
    files = read_files(folder)
    content = {"schema_version": 1, "files": [file.model_dump() for file in files]}
    draft = folder / f".{MANIFEST}.draft"
    draft.unlink(missing_ok=True)
    draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    # A rename, so that nobody reads half a manifest and a link in its place is not followed.
    draft.replace(folder / MANIFEST)
    return files


def hand_over(path: Path, owner_of: Path) -> None:
    """Give what root wrote to the owner of the workspace, so that the next step of the job can delete it."""
    if os.geteuid() != 0 or not os.path.lexists(path):
        return
    owner = owner_of.stat()
    for entry in (path, *(path.rglob("*") if path.is_dir() and not path.is_symlink() else ())):
        os.chown(entry, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _replace(target: Path, source: Path) -> None:
    """A link or a file of an earlier run in the target's place is removed, never written through."""
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
