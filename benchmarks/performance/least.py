"""The least memory that each program needs: what the kernel grants it is narrowed until it no longer passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from models import Model, weight_bytes
from tables import table
from watch import Commands, Run, forget

Line = dict[str, Any]
Tried = Callable[..., Run]

_TEXT = (
    "A program in a cgroup without swap is granted less and less, until it no longer passes: it says so itself, the "
    "kernel ends it, or it takes more than five times as long as with all memory. Everything counts there: what it "
    "holds, and every page of a file that it reads, maps or writes, none of which is in memory before. So this is what "
    "a container must have at least. Both limits are shown, the one that was enough and the one that was not."
)
_NEAR = 1.08  # the one to the other
_SURELY_TOO_LITTLE = 1 / 16  # of what is surely enough
_PATIENCE = 5


def measure(cache: Path, chosen: Sequence[Model], commands: Commands, measured: Tried) -> Iterator[Line]:
    """Both programs on each model, without a benchmark."""
    for model in chosen:
        folder = model.make(cache)
        size = weight_bytes(folder)
        sides = commands(folder, model.task)
        found = {side: _least(folder, size, partial(measured, f"least-{side}", sides[side])) for side in sides}
        yield {"model": model.name, "bytes": size, **found}


def shown(lines: list[Line]) -> str:
    """Both programs' limits side by side, and the ratio of those that were enough."""
    columns = ("model", "this program: export and proof", "`optimum-cli export onnx`", "ratio")
    rows = [
        (
            f"{line['model']}, {line['bytes'] / 1e9:.2f} GB",
            *(_told(line[side]) for side in ("ours", "theirs")),
            f"**{line['ours']['enough'] / line['theirs']['enough']:.2f}**",
        )
        for line in lines
    ]
    return "\n\n".join(("## The least memory that is enough", _TEXT, table(columns, rows)))


def _told(side: dict[str, Any]) -> str:
    limits = f"{side['enough'] / 1e9:.2f} GB ({side['too_little'] / 1e9:.2f} is not)"
    return f"{limits}; {side['seconds']:.0f} s in it, {side['seconds_with_all']:.0f} s with all memory"


def _least(folder: Path, size: int, measured: Tried) -> dict[str, Any]:
    """The least limit in bytes that was enough, the greatest that was not, and the seconds in the first."""

    def tried(limit: int = 0, most: float | None = None) -> Run:
        forget(folder)
        return measured(limit_bytes=limit, most_seconds=most)

    enough = 1_000_000_000 + 3 * size
    with_all, run = tried(), tried(enough)
    if with_all.status or run.status:
        raise SystemExit(f"It does not pass with {enough / 1e9:.1f} GB, which should be more than enough")
    too_little = int(enough * _SURELY_TOO_LITTLE)
    while enough > _NEAR * too_little:
        middle = int(math.sqrt(enough * too_little))
        now = tried(middle, _PATIENCE * with_all.seconds)
        if now.status:
            too_little = middle
        else:
            enough, run = middle, now
    return {
        "enough": enough,
        "too_little": too_little,
        "seconds": run.seconds,
        "seconds_with_all": with_all.seconds,
    }
