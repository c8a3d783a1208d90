"""All that rendering and publishing see; report.json is this record."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, computed_field

from onnx_export_action import tasks
from onnx_export_action.records.base import File, Record
from onnx_export_action.records.benchmark import Benchmark
from onnx_export_action.records.comparison import Comparison
from onnx_export_action.records.export import Export
from onnx_export_action.records.graph import Graph
from onnx_export_action.records.model import Model
from onnx_export_action.records.validation import Validation
from onnx_export_action.records.variants import Variant

SCHEMA_VERSION = 1

Verdict = Literal["pass", "fail", "error"]


class Environment(Record):
    """Where the figures come from."""

    cpu: str
    cores: int
    memory_bytes: int
    kernel: str
    python: str
    versions: dict[str, str]


class Request(Record):
    """What was asked for, as far as it tells two jobs of a workflow apart."""

    job: str = Field("", description="The job's id in the workflow; empty in a shell.")
    model: str = Field(description="The model as the user named it.")
    inputs: dict[str, str] = Field(
        default_factory=dict, description="Of `task`, `opset` and their like, those that differ from their defaults."
    )


class Failure(Record):
    """Why there is no verdict on the file."""

    kind: str
    message: str
    remedy: str = ""


class Report(Record):
    """All that rendering and publishing see; report.json is this record."""

    schema_version: int = SCHEMA_VERSION
    tool_version: str
    request: Request | None = Field(None, description="None where the inputs could not be read.")
    model: Model | None = None
    export: Export | None = None
    graph: Graph | None = None
    files: tuple[File, ...] = ()
    validation: Validation | None = None
    benchmark: Benchmark | None = None
    variants: tuple[Variant, ...] = Field((), description="More files from the same export, in the order asked for.")
    comparison: Comparison | None = Field(None, description="The change against the base, and the gates.")
    environment: Environment
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    reproduce: str = Field("", description="The command that does the same in a shell.")
    fingerprint: str = Field(
        "", description="Hash of all that determines the files and their proof; empty where there can be none."
    )

    @computed_field
    @property
    def verdict(self) -> Verdict:
        """`error` when there is nothing to judge, otherwise what validation and the gates say."""
        if self.failure is not None or self.validation is None:
            return "error"
        gates_passed = self.comparison is None or self.comparison.passed
        return "pass" if self.validation.passed and gates_passed else "fail"

    @property
    def proven(self) -> bool:
        """The file gives the model's answers, whatever the gates say of its size or speed."""
        return self.failure is None and self.validation is not None and self.validation.passed

    @property
    def main_file(self) -> File | None:
        """The .onnx that graph and latency are of: of an encoder-decoder, what runs for every token but the first."""
        graphs = [file for file in self.main_files if file.path.endswith(".onnx")]
        return next((file for file in graphs if file.path.startswith(tasks.STEP)), graphs[0] if graphs else None)

    @property
    def main_files(self) -> tuple[File, ...]:
        """The .onnx and its external data, without variants: what the size in the report means."""
        external = self.graph.external_files if self.graph else ()
        others = {path for variant in self.variants for path in variant.files}
        found = (file for file in self.files if ".onnx" in file.path or file.path in external)
        return tuple(file for file in found if file.path not in others)
