"""How time and memory grow with a model's layers, which are nodes, and with its width, which is weights."""

from __future__ import annotations

import itertools
import shutil
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import Any

from charts import chart, straight
from models import small_bert, weight_bytes
from tables import spread, table
from watch import Run

Line = dict[str, Any]

_LAYERS, _WIDTHS = range(6, 49, 6), range(128, 1025, 128)
_TASK = "feature-extraction"
_UNITS = {"layers": "a layer", "width": "a megabyte of weights"}


def measure(cache: Path, ours: Callable[..., list[str]], measured: Callable[..., Run], runs: int) -> Iterator[Line]:
    """More and more layers of one width, and one depth of more and more width.

    Each is compared with a file of the same model, so that the graph's difference and both sides' answers are in it.
    """
    sizes = [*(("layers", layers, 256) for layers in _LAYERS), *(("width", 6, width) for width in _WIDTHS)]
    for along, layers, width in sizes:
        folder = small_bert(layers, width).make(cache)
        base = cache / "grown.onnx"
        measured(folder.name, ours(folder, _TASK))
        shutil.move(cache / "ours" / "model.onnx", base)
        for watched in (False,) * runs + (True,):
            found = measured(folder.name, ours(folder, _TASK, "--baseline", base.name), watched=watched)
            if found.status:
                raise SystemExit(f"{cache / folder.name}.log tells why this run is not what it should be")
            sized = {"along": along, "layers": layers, "width": width, "bytes": weight_bytes(folder)}
            yield {**sized, "watched": watched, **asdict(found)}
        base.unlink()


def shown(lines: list[Line]) -> str:
    """Tables, and charts with the straight line through what was measured."""
    text = "A BERT, this program alone: export, proof, and the comparison with a file of the same model as baseline."
    parts = ["## How cost grows", text]
    for along, unit in _UNITS.items():
        sizes = itertools.groupby((line for line in lines if line["along"] == along), itemgetter(along))
        parts += _shown_along(along, unit, [list(runs) for _, runs in sizes])
    return "\n\n".join(parts)


def _shown_along(along: str, unit: str, sizes: list[list[Line]]) -> Iterator[str]:
    places = [runs[0][along] for runs in sizes]
    weights = [runs[0]["bytes"] / 1e6 for runs in sizes]
    seconds = [[run["seconds"] for run in runs if not run["watched"]] for runs in sizes]
    memory = [[run["peak_bytes"] / 1e9 for run in runs if run["watched"]] for runs in sizes]
    rows = [
        (f"{place}", f"{size:,.0f} MB", spread(times, "s"), spread(peaks, "GB"))
        for place, size, times, peaks in zip(places, weights, seconds, memory, strict=True)
    ]
    yield table((along, "weights", "wall time", "peak memory of the tree"), rows)
    for unit_of_cost, costs in (("s", seconds), ("GB", memory)):
        medians = [statistics.median(each) for each in costs]
        start, rise, line, explained = straight(places if along == "layers" else weights, medians)
        yield (
            f"{start:.2f} {unit_of_cost}, and {rise:.4f} {unit_of_cost} more for {unit}: "
            f"this line explains {explained:.1%} of the differences (R²)."
        )
        yield chart(along, places, unit_of_cost, medians, line)
