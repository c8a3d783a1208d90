"""A program that torch.export saved (.pt2): inputs and dynamic axes are in the file."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom import examples, files, nesting
from onnx_export_action.exporters.custom.dynamic import Open
from onnx_export_action.exporters.custom.module import CallModule
from onnx_export_action.exporters.custom.subject import CustomSubject


def load(path: str, examples_file: str | None, dtype: str, **_: Any) -> CustomSubject:
    """The program as a module, its own example inputs, and the axes that it keeps open."""
    files.check_dtype(dtype)
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"  # torch falls back to unpickling anything otherwise
    with files.readable(Path(path), "torch.export"):
        program = torch.export.load(path)
    model = program.module()
    # A saved program is what it is: evaluation mode and back cannot be asked of it.
    model.train = lambda mode=True: model  # noqa: ARG005  # the parameter is train's own
    parameters = tuple(inspect.signature(model.forward).parameters)
    if examples_file:
        call = examples.as_call(examples.read(Path(examples_file)), parameters)
    elif program.example_inputs is not None:
        call = nesting.Call(*program.example_inputs)
    else:
        raise files.no_examples(Path(path))
    places, example = nesting.of(call, parameters)
    return CustomSubject(
        CallModule(model, places), example, Open(_axes(program, places.names), "kept"), Path(path).parent
    )


def _axes(program: Any, names: tuple[str, ...]) -> Axes:
    """The open axes of the program's inputs, in order; its own symbols are their names."""
    wanted = set(program.graph_signature.user_inputs)
    nodes = [node for node in program.graph.nodes if node.op == "placeholder" and node.name in wanted]
    shapes = [node.meta["val"].shape for node in nodes if isinstance(node.meta.get("val"), torch.Tensor)]
    axes: Axes = {}
    for name, shape in zip(names, shapes, strict=True):
        for axis, size in enumerate(shape):
            if isinstance(size, torch.SymInt) and size.node.expr.is_symbol:
                axes.setdefault(name, {})[axis] = str(size)
    return axes
