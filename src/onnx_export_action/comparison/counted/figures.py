"""The figures of one file that no machine can change, and their change; reads the graph, not the weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from onnx_export_action.comparison import flat as graphs
from onnx_export_action.comparison.counted import macs, peak, shapes
from onnx_export_action.comparison.flat import Flat
from onnx_export_action.comparison.graph import tensors
from onnx_export_action.records import Change
from onnx_export_action.records.base import Record
from onnx_export_action.validation import structure


class Figure(Record):
    """One figure of one file; None with the reason where it could not be counted."""

    name: str
    unit: Any = "count"
    value: int | None
    detail: str = ""


def of_file(file: Path, case: Mapping[str, Any] | None) -> list[Figure]:
    """All figures; MACs and activations at the sizes of the case, unknown without one."""
    model, flat = graphs.read(file)
    return [
        Figure(name="size", unit="bytes", value=_size(file, flat)),
        *_parameters(flat),
        Figure(name="initializers", value=len(flat.constants) - len(flat.constant_nodes)),
        Figure(name="nodes", value=len(flat.all_nodes)),
        *_at_sizes(flat, case),
        Figure(name="inputs", value=len(flat.inputs)),
        Figure(name="outputs", value=len(flat.outputs)),
        Figure(name="opset", unit="", value=structure.opset(model)),
        Figure(name="ir-version", unit="", value=model.ir_version),
    ]


def changes(base: Sequence[Figure] | None, head: Sequence[Figure]) -> tuple[Change, ...]:
    """Each figure of either file; without a base, the candidate's alone."""
    before = {figure.name: figure for figure in base or ()}
    now = {figure.name: figure for figure in head}
    return tuple(_change(name, before.get(name), now.get(name), base is not None) for name in {**now, **before})


def _change(name: str, base: Figure | None, head: Figure | None, compared: bool) -> Change:
    told = head or base
    assert told is not None
    absent = 0 if name.startswith(_BY_TYPE) else None  # a type that one file does not use is none, not unknown
    before = base.value if base is not None else absent if compared else None
    return Change(
        name=name,
        unit=told.unit,
        base=before,
        head=head.value if head is not None else absent,
        detail=_detail(base, head),
    )


_BY_TYPE = "parameters-"


def _detail(base: Figure | None, head: Figure | None) -> str:
    failed = [
        f"{side}: {figure.detail}"
        for side, figure in (("base", base), ("head", head))
        if figure is not None and figure.value is None and figure.detail
    ]
    known = next((figure.detail for figure in (head, base) if figure is not None and figure.value is not None), "")
    return "; ".join(failed) or known


def _size(file: Path, flat: Flat) -> int:
    entries = (entry for tensor in flat.constants.values() for entry in tensor.external_data)
    names: set[str] = {entry.value for entry in entries if entry.key == "location"}
    return file.stat().st_size + sum((file.parent / name).stat().st_size for name in names)


def _parameters(flat: Flat) -> Iterable[Figure]:
    given = {name for node in flat.constant_nodes for name in node.outputs}
    counts: Counter[str] = Counter()
    for name, tensor in flat.constants.items():
        if name not in given:
            counts[tensors.type_of(tensor)] += prod(tensor.dims)
    yield Figure(name="parameters", value=sum(counts.values()))
    yield from (Figure(name=f"{_BY_TYPE}{kind}", value=count) for kind, count in counts.most_common())


def _at_sizes(flat: Flat, case: Mapping[str, Any] | None) -> Iterable[Figure]:
    if case is None:
        return
    inferred = shapes.infer(flat, case["inputs"])
    at = f"at {case['shape']}"
    for name, unit, (value, reason) in (
        ("macs", "count", macs.total(inferred)),
        ("activation-peak", "bytes", peak.largest(inferred)),
    ):
        yield Figure(name=name, unit=unit, value=value, detail=reason or at)
