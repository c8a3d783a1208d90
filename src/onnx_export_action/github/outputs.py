"""The outputs of the contract that need no GitHub, and the file that takes them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from onnx_export_action.records import Publication, Report


def outputs_of(report: Report, output_dir: str) -> dict[str, str]:
    """Every output that needs no GitHub; those without a value on this run are left out."""
    folder = PurePosixPath(output_dir)
    onnx = report.main_file
    validation, export, benchmark = report.validation, report.export, report.benchmark
    found = {
        "verdict": report.verdict,
        "onnx-path": folder / onnx.path if onnx else None,
        "report-json": folder / "report.json",
        "report-markdown": folder / "report.md",
        "report-html": folder / "report.html",
        "sha256": onnx.sha256 if onnx else None,
        "size-bytes": sum(file.size_bytes for file in report.main_files) if onnx else None,
        "opset": export.opset if export else None,
        "exporter": export.exporter if export else None,
        "max-abs-diff": validation.max_abs_diff if validation else None,
        "latency-p50-ms": f"{benchmark.latency_ms.p50:.6g}" if benchmark else None,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def published_outputs(publication: Publication) -> dict[str, str]:
    """The outputs that name what was delivered to GitHub."""
    found = {
        "artifact-id": publication.artifact_id,
        "artifact-url": publication.artifact_url,
        "comment-url": publication.comment_url,
        "release-url": publication.release_url,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append outputs in the many-line form; a value cannot end itself early, as nobody knows the delimiter."""
    delimiter = f"ghadelimiter_{uuid.uuid4()}"
    for name, value in outputs.items():
        if delimiter in name or delimiter in value:
            raise ValueError(f"The output {name!r} holds the delimiter {delimiter}.")
    text = "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in outputs.items())
    with path.open("a", encoding="utf-8", newline="\n", errors="replace") as file:
        file.write(text)
