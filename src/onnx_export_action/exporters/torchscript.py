"""The classic exporter: traces once, needs eager attention for opsets before 14, writes opset 9 to 20.

The trace is exported without its parameters, which then are graph inputs under their own names. Constant folding
is done here, on the small graph, and the weights are streamed in behind it: exporting them with the graph costs
twice the time and holds the model in memory several times.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import onnx
import torch

from onnx_export_action.exporters import simplify, streaming, twins
from onnx_export_action.exporters.lean.importing import places_alone
from onnx_export_action.exporters.routes import Job

_SDPA_SINCE = 14


def export(job: Job) -> None:
    """Trace the module and write it with named dynamic axes and the weights under their names in the model."""
    with _attention_for(job.opset, job.module.model):
        graph = _trace(job)
    weights = _take_weights(graph, job)
    streaming.write(graph, weights, job.file)


@contextmanager
def _attention_for(opset: int, model: Any) -> Iterator[None]:
    """Eager attention where the opset has no form for the fused one; the model's own again afterwards."""
    own = getattr(getattr(model, "config", None), "_attn_implementation", None)
    if opset >= _SDPA_SINCE or own in (None, "eager") or not hasattr(model, "set_attn_implementation"):
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(own)


def _trace(job: Job) -> onnx.ModelProto:
    draft = job.file.with_suffix(".draft")
    with places_alone():
        importlib.import_module("torch.onnx")  # which registers operators for its other exporter
    with _shapes_without_weights():
        torch.onnx.export(
            _scripted(job),
            tuple(job.sample.values()),
            str(draft),
            input_names=list(job.sample),
            output_names=list(job.module.output_names),
            dynamic_axes=job.axes,
            do_constant_folding=False,
            export_params=False,
            opset_version=job.opset,
            dynamo=False,
        )
    written = onnx.load(draft)
    draft.unlink()
    same = twins.take(written.graph)
    simplify.simplify(written.graph)
    twins.give_back(written.graph, same)
    return written


@contextmanager
def _shapes_without_weights() -> Iterator[None]:
    """Shapes follow from the sizes of the weights, yet the exporter copies their values into a model for it, twice."""
    infer = torch._C._jit_pass_onnx_graph_shape_type_inference
    torch._C._jit_pass_onnx_graph_shape_type_inference = lambda graph, _, opset: infer(graph, {}, opset)
    try:
        yield
    finally:
        torch._C._jit_pass_onnx_graph_shape_type_inference = infer


def _scripted(job: Job) -> Any:
    """The module, its scripted parts made known to the tracer, which keeps their branches and loops."""
    if any(isinstance(part, torch.jit.ScriptModule) for part in job.module.modules()):
        return torch.jit.trace(job.module, tuple(job.sample.values()), check_trace=False)
    return job.module


def _take_weights(graph: onnx.ModelProto, job: Job) -> dict[str, torch.Tensor]:
    """Turn the graph's parameter inputs into initializers still to be written, transposes of them done on the way."""
    held = {
        **dict(job.module.named_buffers(remove_duplicate=False)),
        **dict(job.module.named_parameters(remove_duplicate=False)),
    }
    names = [value.name for value in graph.graph.input if value.name not in job.sample]
    inputs = [value for value in graph.graph.input if value.name in job.sample]
    del graph.graph.input[:]
    graph.graph.input.extend(inputs)
    weights = {name: held[name] for name in names}
    _fold_transposes(graph.graph, weights)
    return weights


def _fold_transposes(graph: onnx.GraphProto, weights: dict[str, torch.Tensor]) -> None:
    if simplify.has_branches(graph):
        return  # a branch may read a weight too
    uses = Counter(name for node in graph.node for name in node.input)
    renamed: dict[str, str] = {}
    kept = []
    for node in graph.node:
        # A weight that is read elsewhere too, as a tied embedding is, stays as it is and is stored once.
        if node.op_type == "Transpose" and uses[node.input[0]] == 1 and node.input[0] in weights:
            name = node.input[0]
            weights[name] = weights[name].permute(*node.attribute[0].ints)
            renamed[node.output[0]] = name
        else:
            kept.append(node)
    for node in kept:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)
