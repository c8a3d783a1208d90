"""Git LFS pointer files: what a checkout without `lfs: true` leaves in place of the weights."""

from __future__ import annotations

from pathlib import Path

from onnx_export_action.errors import UsageError

_SIGNATURE = b"version https://git-lfs.github.com/spec/"
_GREATEST_POINTER = 1024


def is_pointer(path: Path) -> bool:
    """Whether a file is a pointer to content that was never fetched."""
    if not path.is_file() or path.stat().st_size > _GREATEST_POINTER:
        return False
    with path.open("rb") as stream:
        return stream.read(len(_SIGNATURE)) == _SIGNATURE


def check_not_pointer(path: Path) -> None:
    """Refuse a pointer, with the two ways to get the content."""
    if is_pointer(path):
        raise UsageError(
            f"{path.name} is a Git LFS pointer, not the file itself.",
            "Run `git lfs pull`, or set `lfs: true` in actions/checkout.",
        )
