"""Estimates of disk and memory, on a machine made of files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.records import File, Model
from onnx_export_action.records.model import Kind
from onnx_export_action.sources import capacity

GB = 10**9


def model_of(weight_bytes: int) -> Model:
    weights = (File(path="model.safetensors", size_bytes=weight_bytes, sha256="0"),)
    return Model(id="m", path="m", revision=None, task="fill-mask", architecture="BertModel", weights=weights)


def machine(root: Path, files: dict[str, str]) -> Path:
    """A file system with 8 GB of free memory and these files."""
    for name, text in {"proc/meminfo": "MemTotal: 16 kB\nMemAvailable:   8000000 kB\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8_192_000_000),
        ({"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": "5\n"}, 8_192_000_000),
        ({"sys/fs/cgroup/memory.max": "3000\n", "sys/fs/cgroup/memory.current": "1000\n"}, 2000),
        (
            {
                "sys/fs/cgroup/memory.max": "3000\n",
                "sys/fs/cgroup/memory.current": "2900\n",
                "sys/fs/cgroup/memory.stat": "anon 100\ninactive_file 2500\n",
            },
            2600,
        ),
        ({"sys/fs/cgroup/memory.max": "3000\n", "sys/fs/cgroup/memory.current": "4000\n"}, 0),
        (
            {
                "proc/self/cgroup": "0::/user/job\n",
                "sys/fs/cgroup/user/memory.max": "700\n",
                "sys/fs/cgroup/user/memory.current": "100\n",
                "sys/fs/cgroup/user/job/memory.max": "max\n",
                "sys/fs/cgroup/user/job/memory.current": "100\n",
            },
            600,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu,memory:/job\n1:name=systemd:/other\n",
                "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "900\n",
                "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "500\n",
                "sys/fs/cgroup/memory/job/memory.stat": "total_inactive_file 50\n",
            },
            450,
        ),
        ({"proc/self/cgroup": "0::/../../outside\n"}, 8_192_000_000),
    ],
    ids=[
        "no cgroup",
        "no limit",
        "limit",
        "file cache is free",
        "over the limit",
        "limit of a parent",
        "cgroup 1",
        "outside",
    ],
)
def test_available_memory__is_what_all_limits_leave(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    assert capacity.available_memory(machine(tmp_path, files)) == expected


def test_available_memory__of_this_machine() -> None:
    assert capacity.available_memory() > 10**6


@pytest.mark.parametrize(
    ("kind", "weights", "available", "fits"),
    [
        ("transformers", 3 * GB, 7 * GB, True),
        ("transformers", 3 * GB, 750_000_000, True),  # the weights are mapped
        ("transformers", 3 * GB, 650_000_000, False),
        ("transformers", GB // 2, GB // 2, True),
        ("transformers", 0, GB // 4, False),
        ("module", 3 * GB, 7 * GB, True),
        ("module", 3 * GB, 3 * GB, False),
        ("module", 0, GB // 4, False),
    ],
)
def test_check_memory__refuses_what_clearly_does_not_fit(kind: Kind, weights: int, available: int, fits: bool) -> None:
    model = model_of(weights).model_copy(update={"kind": kind})
    if fits:
        capacity.check_memory(model, available)
        return
    with pytest.raises(SurroundingsError, match="memory is too small") as caught:
        capacity.check_memory(model, available)
    assert caught.value.exit_status == 4


def test_check_memory__says_the_estimate() -> None:
    with pytest.raises(SurroundingsError, match=r"3\.00 GB of weights takes 700\.0 MB .* 7\.00 GB .* 600\.0 MB are"):
        capacity.check_memory(model_of(3 * GB), 600_000_000)


def test_check_disk__names_needed_and_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2 * GB))
    capacity.check_disk(tmp_path, 2 * GB, "the export")
    with pytest.raises(SurroundingsError, match=r"too small for the export: 2\.00 GB needed, 2\.00 GB free"):
        capacity.check_disk(tmp_path, 2 * GB + 1, "the export")


def test_check_disk__of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    capacity.check_disk(tmp_path / "a" / "b", 1, "the export")
    with pytest.raises(SurroundingsError):
        capacity.check_disk(tmp_path / "a" / "b", 10**18, "the export")


def test_export_disk_bytes__is_a_little_more_than_twice_the_weights() -> None:
    assert capacity.export_disk_bytes(model_of(GB)) == 2_200_000_000
