"""What it would cost to keep fewer pages of mapped weights resident than memory has room for."""

from __future__ import annotations

import json
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
_TEXT = (
    "Pages of mapped weights stay in the tables' resident memory while nobody else wants them. This program could give "
    "them back as it goes, and would then look small with all memory free too. It does not, because each pass over the "
    "weights would have to map them again, and the proof of a decoder makes dozens:"
)


def measure(cache: Path, ours: Callable[..., list[str]], measured: Callable[..., Run]) -> Iterator[Line]:
    """Passes of ONNX Runtime over the llama's file, alternately with its pages kept and given back."""
    measured("resident", ours(LLAMA.make(cache), LLAMA.task))
    command = [sys.executable, str(_PASSES), str(cache / "ours" / "model.onnx")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    yield {"model": LLAMA.name, "passes": [json.loads(line) for line in printed.splitlines()]}


def shown(lines: list[Line]) -> str:
    """Both side by side."""
    passes = lines[-1]["passes"]
    rows = []
    for title, field in (("wall time", "seconds"), ("processor time", "processor")):
        sides = [[each[field] for each in passes if each["given_back"] is given] for given in (True, False)]
        rows.append(
            (f"{lines[-1]['model']}, one text of 7 tokens, {title}", *(spread(s, "s") for s in sides), ratio(*sides))
        )
    columns = ("a pass of ONNX Runtime", "pages given back beyond 256 MB", "pages kept", "ratio")
    return "\n\n".join(("## Pages that stay resident", _TEXT, table(columns, rows)))
