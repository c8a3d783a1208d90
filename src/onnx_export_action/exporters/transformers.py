"""The exporter of transformers 5: torch.export with the library's own patches for its models."""

from __future__ import annotations

import onnx_ir
from transformers.exporters import OnnxConfig, OnnxExporter

from onnx_export_action import tasks
from onnx_export_action.exporters.routes import Job
from onnx_export_action.workers.protocol import Refusal


def export(job: Job) -> None:
    """Export the model itself with every axis dynamic that can be."""
    if tasks.has_past(job.task):
        raise Refusal(
            "This route does not write past keys and values by the names that are known.", "Leave `exporter` at `auto`."
        )
    config = OnnxConfig(dynamic=True, opset_version=job.opset)
    exported = OnnxExporter().export(job.module.model, dict(job.sample), config=config)
    onnx_ir.save(exported.program, str(job.file), external_data=job.external_data)
