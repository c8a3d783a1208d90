"""The bundle around model.onnx: companion files, manifest.json, and an owner that the next step can work as."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onnx_export_action.hashing import record_of
from onnx_export_action.records import File, Model
from onnx_export_action.sources.companions import is_companion

MANIFEST = "manifest.json"
UNFINISHED = ".work"

_DRAFT = ".onnx-export-draft"

# Written after the manifest, from it.
_UNLISTED = frozenset({MANIFEST, "report.json", "report.md", "report.html"})


def copy_companions(model: Model, destination: Path) -> None:
    """Copy the tokenizer, processor and configuration beside the ONNX file; what is no checkpoint has none."""
    if model.kind != "transformers":
        return
    destination.mkdir(parents=True, exist_ok=True)
    for source in sorted(Path(model.path).iterdir()):
        if source.is_file() and is_companion(source.name):
            with whole(destination / source.name) as draft:
                shutil.copyfile(source, draft)


def read_files(folder: Path) -> tuple[File, ...]:
    """Every file of the bundle by relative path, with its size and hash, but for the manifest and the reports."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    names = sorted((path.relative_to(folder).as_posix(), path) for path in paths)
    return tuple(record_of(path, name) for name, path in names if _is_listed(name))


def write_manifest(folder: Path) -> tuple[File, ...]:
    """Write manifest.json and return the records in it."""
    files = read_files(folder)
    content = {"schema_version": 1, "files": [file.model_dump() for file in files]}
    with whole(folder / MANIFEST) as draft:
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return files


def _is_listed(name: str) -> bool:
    return name not in _UNLISTED and not name.startswith(f"{UNFINISHED}/")


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A draft that takes the target's name at the end: nobody meets half a file, and a link there is not followed."""
    draft = target.with_name(f".{target.name}{_DRAFT}")
    draft.unlink(missing_ok=True)
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def discard_drafts(folder: Path) -> None:
    """Remove what a run left that was ended in the middle of a file."""
    for draft in folder.glob(f".*{_DRAFT}"):
        draft.unlink(missing_ok=True)


def hand_over(path: Path, owner_of: Path) -> None:
    """Give what root wrote to the owner of the workspace, so that the next step of the job can delete it."""
    if os.geteuid() != 0 or not os.path.lexists(path):
        return
    owner = owner_of.stat()
    for entry in (path, *(path.rglob("*") if path.is_dir() and not path.is_symlink() else ())):
        os.chown(entry, owner.st_uid, owner.st_gid, follow_symlinks=False)
