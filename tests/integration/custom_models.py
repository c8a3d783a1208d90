"""Modules that are no checkpoints: a package of files, saved programs, and wheels for their requirements."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import torch

SUFFIXES = {"torchscript": ".pt", "program": ".pt2"}

# Tensors in a dictionary in a tuple, a module beside the file, a package of the requirements, two axes by name.
NESTED = """
import os
import torch
from parts import Block
try:
    import tinyscale
except ImportError:
    tinyscale = None

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()

    def forward(self, x, state, scale=1.0, flag=True):
        hidden = self.block(x) + state["h"][0].sum(-1, keepdim=True) * scale
        return {"y": hidden, "z": (x.sum(1), hidden.mean(-1)), "x": x + 1 if flag else x, "nothing": None}

def make():
    print("::error::from the model")
    assert "ghs_secret" not in str(os.environ)
    assert open("here.txt").read() == "workspace"
    torch.manual_seed(0)
    net = Net()
    if tinyscale:
        with torch.no_grad():
            net.block.linear.weight *= tinyscale.FACTOR
    return net

def example_inputs(time=5):
    made = torch.Generator().manual_seed(1)
    return {"x": torch.randn(3, 8, generator=made), "state": {"h": (torch.randn(3, time, generator=made), 2)}}

dynamic_axes = {"x": {0: "batch"}, "state.h.0": {0: "batch", 1: "time"}}
"""
BLOCK = """
import torch

class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(8, 4)

    def forward(self, x):
        return self.linear(x).relu()
"""


class Branching(torch.nn.Module):
    """Takes another way for another sum, which a trace alone would not see."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(8, 4)
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Positive sums are shifted up, others down."""
        if bool(x.sum() > 0):
            return self.linear(x) + self.shift
        return self.linear(x) - self.shift


class Straight(torch.nn.Module):
    """Two inputs that share a batch, one with a length."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(8, 4)

    def forward(self, x: torch.Tensor, state: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """A projection, and a mean over the length."""
        return self.linear(x), state["h"].mean(1, keepdim=True) * x


def nested(folder: Path) -> Path:
    """`net.py` with a module beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "net.py").write_text(NESTED)
    (folder / "parts.py").write_text(BLOCK)
    (folder / "here.txt").write_text("workspace")
    return folder


def saved(kind: str, folder: Path) -> Path:
    """A program in a file, by the name of its kind."""
    torch.manual_seed(3)
    file = folder / f"model{SUFFIXES[kind]}"
    if kind == "torchscript":
        torch.jit.script(Branching().eval()).save(str(file))
        return file
    batch, time = torch.export.Dim("batch", max=64), torch.export.Dim("time")
    args: tuple[Any, ...] = (torch.randn(3, 8), {"h": torch.randn(3, 5)})
    shapes = ({0: batch}, {"h": {0: batch, 1: time}})
    torch.export.save(torch.export.export(Straight().eval(), args, dynamic_shapes=shapes), file)
    return file


def pickled_call(proof: Path) -> bytes:
    """A file of torch.save that makes a folder when it is unpickled without care."""

    class Call:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(proof),)

    buffer = io.BytesIO()
    torch.save(Call(), buffer)
    return buffer.getvalue()


def wheel(folder: Path, name: str, version: str, code: str, requires: str = "") -> Path:
    """A wheel of one module."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", code)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return file
