"""What is known of a run so far, so that a failure at any stage leaves a report of all before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from onnx_export_action import __version__, environment
from onnx_export_action.errors import RunError
from onnx_export_action.identity import Identity
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
    identity: Identity | None = None
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

    @property
    def fingerprint(self) -> str:
        """Of all that determines the result; waits for it, and raises RunError where a file cannot be read."""
        return self.identity.fingerprint if self.identity is not None else ""

    def settle(self) -> None:
        """Wait until all is known that is found out beside the stages; raises RunError where that failed."""
        if self.identity is not None:
            self.identity.wait()

    def report(self, error: RunError | None = None) -> Report:
        """The frozen report of all that is known, with the error that ended the run early."""
        known = self.identity if self.identity is not None and (error is None or self.identity.is_known) else None
        model = known.given_to(self.model) if known is not None and self.model is not None else self.model
        return Report(
            tool_version=__version__,
            request=self.request,
            model=model,
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
            fingerprint=known.fingerprint if known is not None else "",
        )
