"""Figures of the file itself."""

from __future__ import annotations

from onnx_export_action.gates.dimensions import BYTES, COUNT
from onnx_export_action.gates.figures.figure import Figure, Reader, of_part
from onnx_export_action.records import Comparison, Report

BY_TYPE = "parameters-"
"""What the figures of one element type begin with."""
BY_OPERATOR = "operator-"
"""What the figures of one operator begin with."""


def of_operator(name: str) -> Figure:
    """How often an operator occurs, by its name in lower case."""
    return Figure(COUNT, f"nodes of the operator {name}", _operator(name), relative=False)


def _size(report: Report, _: Comparison) -> float | None:
    return sum(file.size_bytes for file in report.main_files) if report.main_files else None


def _bundle_size(report: Report, _: Comparison) -> float | None:
    return sum(file.size_bytes for file in report.files) if report.files else None


def _number_of(attribute: str) -> Reader:
    return lambda report, _: len(getattr(report.graph, attribute)) if report.graph is not None else None


def _operator(name: str) -> Reader:
    def read(report: Report, _: Comparison) -> float | None:
        if report.graph is None:
            return None
        return sum(count for operator, count in report.graph.operators.items() if operator.lower() == name)

    return read


def _nowhere(_: Report, __: Comparison) -> None:
    """Only the comparison counts it, as a change."""


# All that ONNX has, by its own names.
_TYPES = (
    *("float", "double", "float16", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"),
    *("float8e8m0", "float6e2m3", "float6e3m2", "float4e2m1", "int64", "int32", "int16", "int8", "int4", "int2"),
    *("uint64", "uint32", "uint16", "uint8", "uint4", "uint2", "bool", "string", "complex64", "complex128"),
)

COUNTED = {
    "size": Figure(BYTES, "the file with its external data", _size),
    "bundle-size": Figure(BYTES, "all files of the bundle", _bundle_size, relative=False),
    "parameters": Figure(COUNT, "elements of all initializers", of_part("graph", "parameters")),
    **{f"{BY_TYPE}{kind}": Figure(COUNT, f"those of type {kind}", _nowhere) for kind in _TYPES},
    "initializers": Figure(COUNT, "initializers", of_part("graph", "initializers")),
    "nodes": Figure(COUNT, "nodes of the graph", of_part("graph", "nodes")),
    "operator-gelu": of_operator("gelu"),
    "inputs": Figure(COUNT, "inputs of the graph", _number_of("inputs")),
    "outputs": Figure(COUNT, "outputs of the graph", _number_of("outputs")),
    "macs": Figure(COUNT, "multiplications with an addition, at the first shape", _nowhere),
    "activation-peak": Figure(BYTES, "intermediate values alive at once, at the first shape", _nowhere),
    "opset": Figure(COUNT, "opset of the file", of_part("export", "opset"), relative=False),
    "ir-version": Figure(COUNT, "IR version of the file", of_part("export", "ir_version"), relative=False),
}
