"""The frozen records that pass between the stages, and through them the schema of report.json.

What can be derived is a computed property and never stored; a value that could not be
measured is None, never a default that looks like a measurement.
"""

from __future__ import annotations

from onnx_export_action.records.base import File, Record
from onnx_export_action.records.benchmark import Benchmark, Latency, Timing
from onnx_export_action.records.comparison import (
    Base,
    Change,
    Comparison,
    Gate,
    GraphDiff,
    InterfaceChange,
    Movement,
    NoBase,
    OperatorChange,
    Outcome,
    Paired,
    Point,
    Unit,
    WeightChange,
)
from onnx_export_action.records.export import Attempt, Export
from onnx_export_action.records.graph import Graph, Tensor
from onnx_export_action.records.model import FRAMEWORKS, Framework, Model
from onnx_export_action.records.publication import Publication
from onnx_export_action.records.report import SCHEMA_VERSION, Environment, Failure, Report, Request, Verdict
from onnx_export_action.records.samples import Disagreement, Samples
from onnx_export_action.records.validation import (
    Axis,
    Case,
    Check,
    Departure,
    Elsewhere,
    Fixing,
    Parity,
    Step,
    Validation,
)
from onnx_export_action.records.variants import Likeness, Variant, VariantName

__all__ = [
    "FRAMEWORKS",
    "SCHEMA_VERSION",
    "Attempt",
    "Axis",
    "Base",
    "Benchmark",
    "Case",
    "Change",
    "Check",
    "Comparison",
    "Departure",
    "Disagreement",
    "Elsewhere",
    "Environment",
    "Export",
    "Failure",
    "File",
    "Fixing",
    "Framework",
    "Gate",
    "Graph",
    "GraphDiff",
    "InterfaceChange",
    "Latency",
    "Likeness",
    "Model",
    "Movement",
    "NoBase",
    "OperatorChange",
    "Outcome",
    "Paired",
    "Parity",
    "Point",
    "Publication",
    "Record",
    "Report",
    "Request",
    "Samples",
    "Step",
    "Tensor",
    "Timing",
    "Unit",
    "Validation",
    "Variant",
    "VariantName",
    "Verdict",
    "WeightChange",
]
