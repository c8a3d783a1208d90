"""What of a report is no measurement: where it is the same as before, there is nothing new to say."""

from __future__ import annotations

from onnx_export_action.records import Comparison, Report


def lasting(report: Report) -> object:
    """What two runs on the same model have in common: neither times, nor memory, nor digits of the differences."""
    export, validation = report.export, report.validation
    return [
        report.verdict,
        report.tool_version,
        report.model.model_dump(mode="json", include={"id", "task", "architecture"}) if report.model else None,
        [export.exporter, export.opset, [(each.exporter, each.ok) for each in export.attempts]] if export else None,
        [(file.path, file.size_bytes) for file in report.main_files],
        report.graph.model_dump(mode="json") if report.graph else None,
        [(check.name, check.passed) for check in validation.checks] if validation else None,
        [(case.shape, case.passed) for case in validation.cases] if validation else None,
        [(axis.input, axis.name, axis.passed) for axis in validation.dynamic_axes] if validation else None,
        [(variant.name, variant.passed) for variant in report.variants],
        _changes(report.comparison) if report.comparison else None,
        report.failure.model_dump(mode="json") if report.failure else None,
    ]


def _changes(comparison: Comparison) -> object:
    """Which base it is may change from run to run; that alone is nothing new to say."""
    graph, size = comparison.graph, comparison.size
    return [
        comparison.baseline.kind,
        size.base if size is not None else None,
        graph.model_dump(mode="json", exclude={"weights"}) if graph is not None else None,
        [(gate.condition, gate.outcome) for gate in comparison.gates],
    ]
