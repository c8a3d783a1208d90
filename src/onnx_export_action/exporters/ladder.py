"""Which routes to try, and in which order; pure.

What a route can do decides first (opset, memory), then speed: seconds for a bert-base were
13 by torchscript, 18 by optimum, 29 by torch, more by transformers (docs/exporters.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.validation import target

DEFAULT_OPSET = 18

_FASTEST_FIRST = ("torchscript", "optimum", "torch", "transformers")
_OPSETS = {"torchscript": (9, 20), "optimum": (9, 20), "torch": (18, 23), "transformers": (18, 23)}
# Peak memory over the weights' bytes, measured on models of 0.4 to 3.2 GB.
_MEMORY_FACTOR = {"torchscript": 4.5, "optimum": 4.5, "torch": 2.0, "transformers": 2.0}
_BASE_MEMORY_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Skipped:
    """A route that was not tried, and why."""

    exporter: str
    reason: str


def opset_for(settings: Settings) -> int:
    """The promised opset, or the newest one up to our default that the target loads."""
    if settings.opset is not None:
        return settings.opset
    newest = target.newest_opset(settings.target) if settings.target else None
    return min(DEFAULT_OPSET, newest or DEFAULT_OPSET)


def rungs(settings: Settings, model: Model, available_bytes: int) -> tuple[tuple[str, ...], tuple[Skipped, ...]]:
    """The routes to try in order, and those left out; an explicit exporter is tried alone, whatever the table says."""
    if settings.exporter != "auto":
        return (settings.exporter,), ()
    opset = opset_for(settings)
    able = tuple(name for name in _FASTEST_FIRST if _OPSETS[name][0] <= opset <= _OPSETS[name][1])
    skipped = tuple(
        Skipped(name, f"it writes opsets {_OPSETS[name][0]} to {_OPSETS[name][1]}")
        for name in _FASTEST_FIRST
        if name not in able
    )
    fits = [name for name in able if _needs(name, model) <= available_bytes]
    return (*fits, *(name for name in able if name not in fits)), skipped


def _needs(exporter: str, model: Model) -> float:
    return _MEMORY_FACTOR[exporter] * model.weight_bytes + _BASE_MEMORY_BYTES
