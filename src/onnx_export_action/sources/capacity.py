"""Disk and memory, looked at before the work that would fail for want of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.records import Model

# The ONNX file, the reference beside it, and a little for the graph while both exist.
_DISK_FACTOR = 2.2
# What the hungriest route takes: the weights twice, and the libraries.
_MEMORY_FACTOR = 2
_LIBRARIES_BYTES = 10**9
# Below half of that no route was seen to pass that reads the weights.
_CLEARLY_TOO_SMALL = 0.5
# The leanest route maps them, and the kernel takes their pages back where memory is short. This is a little less than
# what was seen to pass in `benchmarks/performance least`. What has begun by then is not counted again.
_MAPPED_FACTOR, _MAPPED_BYTES = 0.1, 4 * 10**8

_MEMORY_FILES = (
    # cgroup 2, then cgroup 1: limit, usage, statistics, and the file cache in them that the kernel gives back.
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat", "total_inactive_file"),
)


def export_disk_bytes(model: Model) -> int:
    """Free disk that an export of this model needs, in bytes."""
    return int(_DISK_FACTOR * model.weight_bytes)


def export_memory_bytes(model: Model) -> int:
    """Memory that the hungriest route takes for this model, in bytes."""
    return _MEMORY_FACTOR * model.weight_bytes + _LIBRARIES_BYTES


def least_memory_bytes(model: Model) -> int:
    """Memory below which an export of this model is not begun, in bytes."""
    if model.kind == "transformers":
        return int(_MAPPED_FACTOR * model.weight_bytes) + _MAPPED_BYTES
    return int(_CLEARLY_TOO_SMALL * export_memory_bytes(model))


def check_disk(path: Path, needed_bytes: int, what: str) -> None:
    """Refuse to start what the disk under a path cannot hold."""
    free = shutil.disk_usage(_existing(path)).free
    if free < needed_bytes:
        raise SurroundingsError(
            f"the disk is too small for {what}: {_size(needed_bytes)} needed, {_size(free)} free.",
            "Free some space, use a runner with a larger disk, or choose a smaller model.",
        )


def check_memory(model: Model, available_bytes: int) -> None:
    """Refuse a model that clearly does not fit into the memory, with the estimate in the sentence."""
    least = least_memory_bytes(model)
    if available_bytes < least:
        raise SurroundingsError(
            f"the memory is too small: an export of {_size(model.weight_bytes)} of weights takes {_size(least)} at "
            f"least and {_size(export_memory_bytes(model))} to be fast, {_size(available_bytes)} are available.",
            "Use a runner with more memory, or raise the container's limit.",
        )


def available_memory(root: Path = Path("/")) -> int:
    """Memory in bytes that a new process can have: the machine's, or what the cgroups leave of it."""
    rooms = [_machine_memory(root / "proc" / "meminfo")]
    for folder in _cgroup_folders(root):
        rooms += [room for files in _MEMORY_FILES if (room := _cgroup_room(folder, *files)) is not None]
    return max(0, min(rooms))


def _machine_memory(meminfo: Path) -> int:
    fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
    return int(fields["MemAvailable"].split()[0]) * 1024


def _cgroup_folders(root: Path) -> list[Path]:
    """The process's own cgroup and all above it, for each way that they are mounted."""
    mounted = root / "sys" / "fs" / "cgroup"
    folders = {mounted, mounted / "memory"}
    own = root / "proc" / "self" / "cgroup"
    for line in own.read_text().splitlines() if own.is_file() else []:
        _, controllers, path = line.split(":", 2)
        top = mounted / "memory" if "memory" in controllers.split(",") else mounted
        folder = top / path.strip("/")
        while folder.is_relative_to(top) and ".." not in folder.parts and folder != top:
            folders.add(folder)
            folder = folder.parent
    return sorted(folders)


def _cgroup_room(folder: Path, limit_name: str, usage_name: str, stat_name: str, cache_name: str) -> int | None:
    limit, usage = _number(folder / limit_name), _number(folder / usage_name)
    if limit is None or usage is None:
        return None
    lines = (folder / stat_name).read_text().splitlines() if (folder / stat_name).is_file() else []
    cache = next((int(line.split()[1]) for line in lines if line.startswith(f"{cache_name} ")), 0)
    return limit - usage + cache


def _number(path: Path) -> int | None:
    text = path.read_text().strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 10**9 else f"{count / 1e6:.1f} MB"
