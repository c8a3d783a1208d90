"""Weights that are mapped from their file leave memory when they are given back, and are the same when they return."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from onnx_export_action.exporters import pages


def resident_bytes(file: Path) -> int:
    """Of a mapped file, by proc(5), /proc/PID/smaps."""
    inside, total = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split(maxsplit=1)[0]
        if not first.endswith(":"):
            inside = line.endswith(str(file))
        elif inside and first == "Rss:":
            total += int(line.split()[1]) * 1024
    return total


@pytest.mark.parametrize("changed", [False, True])
def test_give_back__weights_leave_and_return(tmp_path: Path, changed: bool) -> None:
    file, size = tmp_path / "model.safetensors", 8 << 20
    save_file({"w": torch.arange(size // 4, dtype=torch.float32)}, file)
    with safe_open(file, framework="pt") as weights:
        weight = weights.get_tensor("w")
        if changed:  # by a model's own code; the file keeps what it had
            weight[:1000] = 7.0
        before = weight.double().sum().item()
        assert resident_bytes(file) >= size
        pages.give_back()
        assert resident_bytes(file) < size // 2
        assert weight.double().sum().item() == before
