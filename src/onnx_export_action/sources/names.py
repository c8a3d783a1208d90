"""What a model's name looks like, and where a path may lead."""

from __future__ import annotations

import os
import re
from pathlib import Path

from onnx_export_action.errors import UsageError

_PART = r"[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?"
_ENDINGS = (".onnx", ".keras", ".h5", ".hdf5", "/")
_HUB_ID = re.compile(rf"(?:{_PART}/)?{_PART}", re.ASCII)


def looks_local(name: str) -> bool:
    """Whether a name can only mean a path, so that it must never be asked of the Hub."""
    return name.startswith((".", "/", "~")) or name.endswith(_ENDINGS) or name.count("/") > 1 or "\\" in name


def is_hub_id(name: str) -> bool:
    """Whether the Hub could know a model by this name: `name` or `owner/name`."""
    return bool(_HUB_ID.fullmatch(name)) and "--" not in name and ".." not in name and not name.endswith(".git")


def shown_name(path: Path, workspace: Path) -> str:
    """The name of a local model for people: relative to the workspace, or the bare name, never an absolute path."""
    absolute, root = Path(os.path.abspath(path)), Path(os.path.abspath(workspace))
    if absolute != root and absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    return absolute.name


def check_links(folder: Path, workspace: Path) -> None:
    """Refuse a folder whose symbolic links lead to files that are not the model's, such as a secret of the machine."""
    roots = (folder.resolve(), workspace.resolve(), _cache_root(folder))
    for entry in sorted(folder.iterdir()):
        if not entry.is_symlink():
            continue
        # realpath, because Path.resolve raises on a link that leads to itself.
        target = Path(os.path.realpath(entry))
        if not any(root and target.is_relative_to(root) for root in roots):
            raise UsageError(
                f"{entry.name} is a symbolic link that leads outside the model's folder and the workspace.",
                "Put the file itself into the model's folder.",
            )


def _cache_root(folder: Path) -> Path | None:
    """The Hub's cache keeps files as links from `models--*/snapshots/COMMIT/` to `models--*/blobs/`."""
    for parent in folder.resolve().parents:
        if parent.name == "snapshots" and parent.parent.name.startswith("models--"):
            return parent.parent
    return None
