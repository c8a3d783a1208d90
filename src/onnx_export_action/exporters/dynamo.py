"""torch's own newest exporter: torch.export, then onnxscript; writes opset 18 to 23.

What torch.export cannot follow, or ONNX has no operator for, is computed another way while the model is exported: with
the patches that transformers keeps for its own exporter, here behind dynamic axes that are named. They are private to
transformers, and hold for the version that the lock names.
"""

from __future__ import annotations

import onnx_ir
import torch
from onnx_ir.passes import common
from transformers.exporters import exporter_onnx, utils

from onnx_export_action.exporters.routes import Job


def export(job: Job) -> None:
    """Capture the module with named dynamic axes and write it."""
    shapes = tuple(dict(job.axes.get(name, {})) for name in job.sample)
    with utils.apply_patches("dynamo"), utils.apply_patches("onnx"):
        captured = _capture(job)
        utils.apply_fx_node_fixes("onnx", captured.graph_module)
        program = torch.onnx.export(
            captured,
            dynamo=True,
            input_names=list(job.sample),
            output_names=list(job.module.output_names),
            dynamic_shapes=(shapes,),
            custom_translation_table=exporter_onnx._ONNX_TRANSLATION_TABLE,
            opset_version=job.opset,
            verbose=False,
        )
    assert program is not None
    exporter_onnx.apply_onnx_ir_fixes(program)
    common.TopologicalSortPass()(program.model)  # the fixes put nodes where they are handy
    onnx_ir.save(program.model, str(job.file), external_data=job.external_data)


def _capture(job: Job) -> torch.export.ExportedProgram:
    dynamic = tuple(dict.fromkeys(job.axes.get(name, {}), torch.export.Dim.DYNAMIC) for name in job.sample)
    with torch.no_grad():
        return torch.export.export(
            job.module,
            tuple(job.sample.values()),
            dynamic_shapes=(dynamic,),
            strict=False,
            # A condition on sizes becomes a check at run time, not the end of the export; the proof runs other sizes.
            prefer_deferred_runtime_asserts_over_guards=True,
        )
