"""What is known of a run so far, so that a failure at any stage leaves a report of all before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from onnx_export_action import __version__, environment
from onnx_export_action.errors import RunError
from onnx_export_action.records import (
    Benchmark,
    Comparison,
    Environment,
    Export,
    Failure,
    File,
    Graph,
    Model,
    Report,
    Request,
    Validation,
    Variant,
)


@dataclass
class Progress:
    """The one mutable value of a run; each stage writes its own field once."""

    environment: Environment = field(default_factory=environment.describe)
    reproduce: str = ""
    fingerprint: str = ""
    request: Request | None = None
    model: Model | None = None
    export: Export | None = None
    graph: Graph | None = None
    validation: Validation | None = None
    benchmark: Benchmark | None = None
    comparison: Comparison | None = None
    variants: tuple[Variant, ...] = ()
    files: tuple[File, ...] = ()
    warnings: list[str] = field(default_factory=list)

    def report(self, error: RunError | None = None) -> Report:
        """The frozen report of all that is known, with the error that ended the run early."""
        return Report(
            tool_version=__version__,
            request=self.request,
            model=self.model,
            export=self.export,
            graph=self.graph,
            files=self.files,
            validation=self.validation,
            benchmark=self.benchmark,
            comparison=self.comparison,
            variants=self.variants,
            environment=self.environment,
            failure=Failure(kind=error.kind, message=error.message, remedy=error.remedy) if error else None,
            warnings=tuple(self.warnings),
            reproduce=self.reproduce,
            fingerprint=self.fingerprint,
        )
