"""Which routes to try, and in which order; pure.

What a route can do decides first (opset, architecture, memory), then speed. The order and the memory are measured:
docs/exporters.md has the table.
"""

from __future__ import annotations

from dataclasses import dataclass

from onnx_export_action import tasks
from onnx_export_action.errors import UsageError
from onnx_export_action.exporters.axes import Scope
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.validation import target

DEFAULT_OPSET = 18

ORDER = _FASTEST_FIRST = ("torchscript", "optimum", "torch", "transformers")
_SLOWEST = ORDER[-1]
# A program of torch.export is what the `torch` route captures, so it is asked first.
_ROUTES_OF: dict[str, tuple[str, ...]] = {
    "module": ("torchscript", "torch"),
    "program": ("torch", "torchscript"),
    "torchscript": ("torchscript", "torch"),
    "savedmodel": ("tensorflow",),
    "keras": ("tensorflow",),
}
_OPSETS = {
    "torchscript": (9, 20),
    "optimum": (9, 20),
    "torch": (18, 23),
    "transformers": (18, 23),
    "tensorflow": (13, 18),
}
# After these a worker is as it was before: what they change in the libraries, they change back.
LEAVES_NOTHING = ("torchscript", "optimum", "torch")
# One thread and little memory of its own; the others start processes or take gigabytes.
IN_A_FORK = ("torchscript",)
# What a route holds beyond the libraries, over the bytes of the weights.
_MEMORY_FACTOR = {"torchscript": 1.5, "optimum": 3.0, "torch": 3.0, "transformers": 3.2, "tensorflow": 5.0}
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


def rungs(
    settings: Settings, model: Model, available_bytes: int, optimum_types: frozenset[str] | None
) -> tuple[tuple[str, ...], tuple[Skipped, ...]]:
    """The routes to try in order, and those left out; an explicit exporter is tried alone, whatever the table says.

    `optimum_types` are the model types that optimum has a configuration for, None when that is not known.
    """
    fitting = _ROUTES_OF.get(model.kind, _FASTEST_FIRST)
    if settings.exporter not in ("auto", *fitting):
        raise UsageError(
            f"exporter: {settings.exporter} cannot export {model.id[:80]!r}.", f"Use {' or '.join(fitting)}, or `auto`."
        )
    opset = opset_for(settings)
    _check_opset(opset, fitting, model)
    if settings.exporter != "auto":
        return (settings.exporter,), ()
    skipped = [
        Skipped(name, f"it writes opsets {_OPSETS[name][0]} to {_OPSETS[name][1]}")
        for name in fitting
        if not _writes(name, opset)
    ]
    if "optimum" in fitting and optimum_types is not None and model.model_type not in optimum_types:
        skipped.append(Skipped("optimum", f"it has no configuration for {model.model_type}"))
    if "transformers" in fitting and tasks.has_past(model.task):
        skipped.append(Skipped("transformers", "it does not write past keys and values by the names that are known"))
    left_out = {rung.exporter for rung in skipped}
    able = [name for name in fitting if name not in left_out]
    # A sort keeps the order of equals: what fits into memory first, the faster first among those.
    return tuple(sorted(able, key=lambda name: _needs(name, model) > available_bytes)), tuple(skipped)


def readers(model: Model) -> tuple[str, ...]:
    """The routes whose workers can load a model to answer for it, the first that is likely to."""
    return ("tensorflow",) if model.framework == "tensorflow" else ("torch", "optimum")


def tries(names: tuple[str, ...]) -> tuple[tuple[str, Scope], ...]:
    """The routes with the images that they are asked for: of any size first, then of one, then one image alone.

    Only routes that are told which axes are dynamic can be asked again. The slowest comes behind images of one size.
    """
    told = [name for name in names if name in _ROUTES_OF["module"]]
    found: list[tuple[str, Scope]] = [(name, "any size") for name in names]
    place = names.index(_SLOWEST) if _SLOWEST in names else len(names)
    found[place:place] = [(name, "one size") for name in told]
    return (*found, *((name, "one image") for name in told))


def opsets(exporter: str) -> tuple[int, int]:
    """The oldest and the newest opset that a route writes."""
    return _OPSETS[exporter]


def writers(opset: int) -> tuple[str, ...]:
    """The routes that write this opset."""
    return tuple(name for name in _FASTEST_FIRST if _writes(name, opset))


def _check_opset(opset: int, fitting: tuple[str, ...], model: Model) -> None:
    if any(_writes(name, opset) for name in fitting):
        return
    first, last = _OPSETS[fitting[0]]
    raise UsageError(
        f"opset {opset}: {fitting[0]}, which alone exports {model.id[:80]!r}, writes opsets {first} to {last}.",
        "Choose one of them as `opset`, or leave `opset` and `target` out.",
    )


def _writes(exporter: str, opset: int) -> bool:
    return _OPSETS[exporter][0] <= opset <= _OPSETS[exporter][1]


def _needs(exporter: str, model: Model) -> float:
    return _MEMORY_FACTOR[exporter] * model.weight_bytes + _BASE_MEMORY_BYTES
