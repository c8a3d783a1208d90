"""What it would cost to keep fewer pages of mapped weights resident than memory has room for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from models import LLAMA
from tables import ratio, spread, table
from watch import Run

Line = dict[str, Any]

_PASSES = Path(__file__).with_name("resident_passes.py")
_PAGE_BYTES = 4096
_TEXT = (
    "Pages of mapped weights stay resident while nobody else wants them, which makes the memory of the first table "
    "large. This program could give them back as it goes, and would then look small with all memory free too. It does "
    "not, as no memory would be won, and each of the dozens of passes over the weights would have to map them again. "
    "That costs little where the kernel keeps a file in large folios (ext4 since Linux 6.16, if the file was written "
    "in large pieces), and much where it keeps it in single pages:"
)


def measure(cache: Path, ours: Callable[..., list[str]], measured: Callable[..., Run]) -> Iterator[Line]:
    """Passes of ONNX Runtime over the llama's file as it was written, and over a copy in single pages."""
    measured("resident", ours(LLAMA.make(cache), LLAMA.task))
    singly = cache / "singly"
    for file in (cache / "ours").glob("model.onnx*"):
        _copied_singly(file, singly / file.name)
    for kept, folder in (("as it was written", cache / "ours"), ("in single pages", singly)):
        command = [sys.executable, str(_PASSES), str(folder / "model.onnx")]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        passes = [json.loads(line) for line in printed.splitlines()]
        yield {"file": f"{LLAMA.name} {kept}", "passes": passes}
    shutil.rmtree(singly)


def shown(lines: list[Line]) -> str:
    """With pages given back and kept, side by side."""
    rows = []
    for line in lines:
        for title, field in (("wall time", "seconds"), ("processor time", "processor")):
            sides = [[each[field] for each in line["passes"] if each["given_back"] is given] for given in (True, False)]
            rows.append((f"{line['file']}, {title}", *(spread(side, "s") for side in sides), ratio(*sides)))
    columns = ("one text of 7 tokens by ONNX Runtime", "pages given back beyond 256 MB", "pages kept", "ratio")
    return "\n\n".join(("## Pages that stay resident", _TEXT, table(columns, rows)))


def _copied_singly(file: Path, copy: Path) -> None:
    """Written page by page, so that the kernel has no reason to keep more than one of them together."""
    copy.parent.mkdir(exist_ok=True)
    with file.open("rb") as source, copy.open("wb", buffering=0) as target:
        while page := source.read(_PAGE_BYTES):
            target.write(page)
