"""The classic exporter: traces once, needs eager attention for opsets before 14, writes opset 9 to 20."""

from __future__ import annotations

import torch

from onnx_export_action.exporters.routes import Job, output_axes

_SDPA_SINCE = 14


def export(job: Job) -> None:
    """Trace the module and write it with named dynamic axes."""
    model = job.module.model
    if job.opset < _SDPA_SINCE and hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation("eager")
    answers = job.module.answer(job.sample)
    torch.onnx.export(
        job.module,
        tuple(job.sample.values()),
        str(job.file),
        input_names=list(job.sample),
        output_names=list(job.module.output_names),
        dynamic_axes={**job.axes, **output_axes(job, answers)},
        do_constant_folding=True,
        opset_version=job.opset,
        dynamo=False,
    )
