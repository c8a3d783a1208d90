"""Which user the workers become, so that they can read the model and are not root."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from onnx_export_action.errors import SurroundingsError


def asked_for(environment: Mapping[str, str]) -> int | None:
    """The unprivileged user that the image names for workers; none but root can become another."""
    user = environment.get("ONNX_EXPORT_WORKER_UID", "")
    return int(user) if user.isdigit() and os.geteuid() == 0 else None


def user_for(user: int | None, *paths: Path) -> int | None:
    """The unprivileged user, or the owner of what it may not read: a runner with a closed umask hides its workspace."""
    if user is None:
        return None
    closed = next((entry for path in paths for entry in _chain(path) if not _open_to(user, entry)), None)
    if closed is None:
        return user
    owner = closed.stat().st_uid
    if owner == 0:
        raise SurroundingsError(
            f"{closed.name} is readable by root alone, and workers do not run as root.",
            f"Run `chmod o+rX {closed.name}`, or give the folder to another user, before this step.",
        )
    return owner


def _chain(path: Path) -> list[Path]:
    """The path's parents, itself, and the files in it."""
    inside = sorted(path.iterdir()) if path.is_dir() else []
    return [*reversed(path.resolve().parents), path, *inside]


def _open_to(user: int, path: Path) -> bool:
    status = path.stat()
    needed = stat.S_IXOTH if stat.S_ISDIR(status.st_mode) else stat.S_IROTH
    return status.st_uid == user or bool(status.st_mode & needed)
