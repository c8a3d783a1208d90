"""Every figure that a gate can name, and where it is read from."""

from __future__ import annotations

from onnx_export_action.gates.figures.counted import BY_OPERATOR, BY_TYPE, COUNTED, of_operator
from onnx_export_action.gates.figures.figure import Figure, Move, certain
from onnx_export_action.gates.figures.measured import MEASURED
from onnx_export_action.gates.figures.moved import MOVED
from onnx_export_action.gates.figures.of_variants import EXAMPLE, OF_VARIANTS
from onnx_export_action.gates.figures.proven import PROVEN
from onnx_export_action.records import Comparison, Report

FIGURES: dict[str, Figure] = {**COUNTED, **MEASURED, **PROVEN, **MOVED, **OF_VARIANTS}

# Types and variants have the same figures each: one of them stands for all in a list.
LISTED = tuple(
    name
    for name, figure in FIGURES.items()
    if (not name.startswith(BY_TYPE) or name == "parameters-float")
    and (not figure.of_variant or name.startswith(f"{EXAMPLE}-"))
)


def named(name: str) -> Figure | None:
    """The figure of a name in lower case; None where there is none."""
    if name.startswith(BY_OPERATOR) and name != BY_OPERATOR:
        return of_operator(name.removeprefix(BY_OPERATOR))
    return FIGURES.get(name)


def value_of(name: str, figure: Figure, report: Report, comparison: Comparison) -> float | None:
    """The figure of this run; None where it was not measured."""
    change = _change(name, comparison)
    if change is not None and change[1] is not None:
        return change[1]
    return figure.read(report, comparison)


def change_of(name: str, figure: Figure, report: Report, comparison: Comparison) -> Move | None:
    """The change against the base, of a variant against the exported file; None where one does not have the figure."""
    if comparison.same_file and not figure.of_variant:
        return Move(0.0, 0.0, 0.0)
    if figure.paired is not None:
        return figure.paired(report, comparison)
    return certain(*(_change(name, comparison) or (None, None)))


def _change(name: str, comparison: Comparison) -> tuple[float | None, float | None] | None:
    changes = (comparison.size, *comparison.figures) if comparison.size is not None else comparison.figures
    found = ((change.base, change.head) for change in changes if change.name == name)
    return next(found, (0, 0) if name.startswith(BY_TYPE) and changes else None)  # a type that no weight has
