"""torch's own newest exporter: torch.export, then onnxscript; writes opset 18 to 23."""

from __future__ import annotations

import onnx_ir
import torch

from onnx_export_action.exporters.routes import Job


def export(job: Job) -> None:
    """Capture the module with named dynamic axes and write it."""
    shapes = tuple(dict(job.axes.get(name, {})) for name in job.sample)
    program = torch.onnx.export(
        job.module,
        tuple(job.sample.values()),
        dynamo=True,
        input_names=list(job.sample),
        output_names=list(job.module.output_names),
        dynamic_shapes=(shapes,),
        opset_version=job.opset,
        verbose=False,
    )
    assert program is not None
    onnx_ir.save(program.model, str(job.file), external_data=job.external_data)
