"""Where a file departs from the model: the parts of one against the graph's tensors for them, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Departure, Step
from onnx_export_action.validation import places
from onnx_export_action.validation.probe import Probe

Array = NDArray[Any]

# How far a part's output is off, over its own size, where that is no rounding any more.
_DEPARTS = {"fp32": 1e-5, "fp16": 1e-2, "bf16": 8e-2}
_AT_ONCE = 32
_SHOWN = 12


def find(
    file: Path, inputs: dict[str, Array], parts: Mapping[str, str], dtype: str, case: str, folder: Path
) -> Departure | None:
    """The first part whose output is another than the model's; None where the graph does not say or all agree."""
    probe = Probe(file, folder)
    tensors = places.of(probe.model, parts)
    wanted = list(dict.fromkeys(name for names in tensors.values() for name in names[:2]))
    steps: dict[str, Step] = {}
    for values in _values(probe, inputs, wanted):
        for part, names in tensors.items():
            for name in names[:2]:
                difference = _difference(parts[part], values[name]) if name in values else None
                if difference is not None and (part not in steps or difference < steps[part].difference):
                    steps[part] = Step(part=part, tensor=name, difference=difference)
    ordered = [steps[part] for part in parts if part in steps]
    first = next((place for place, step in enumerate(ordered) if step.difference > _DEPARTS[dtype]), None)
    if first is None:
        return None
    return Departure(part=ordered[first].part, tensor=ordered[first].tensor, case=case, steps=_shown(ordered, first))


def _values(probe: Probe, inputs: dict[str, Array], wanted: list[str]) -> Iterator[dict[str, Array]]:
    """The graph's own values, so many at a time that they never lie in memory together."""
    for start in range(0, len(wanted), _AT_ONCE):
        yield probe.run(inputs, wanted[start : start + _AT_ONCE])


def _difference(part: str, actual: Array) -> float | None:
    """The root mean square of the difference over that of the model's own value; None for another shape."""
    expected = np.load(part, allow_pickle=False).astype(np.float64)
    if expected.shape != actual.shape:
        return None
    with np.errstate(all="ignore"):
        noise = np.sqrt(np.mean(np.square(actual.astype(np.float64) - expected)))
        size = np.sqrt(np.mean(np.square(expected)))
    ratio = noise / max(float(size), 1e-30)
    return float(ratio) if np.isfinite(ratio) else float("inf")


def _shown(steps: list[Step], first: int) -> tuple[Step, ...]:
    """Two parts before it, itself, and how it goes on: the numbered layers where there are enough of them."""
    after = steps[first + 1 :]
    layers = [step for step in after if step.part.rpartition(".")[2].isdigit()] or after
    return (*steps[max(0, first - 2) : first + 1], *layers[: _SHOWN - 3])
