"""tf2onnx: the function's graph as an ONNX file, with the names and the order of the function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tf2onnx

from onnx_export_action.exporters import files
from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.exporters.tensorflow import operators
from onnx_export_action.exporters.tensorflow.function import Function
from onnx_export_action.validation import nodes
from onnx_export_action.workers.protocol import Refusal

# Above, weights are kept outside of the graph, of which each of a dozen optimisations makes a copy.
_LARGE_BYTES = 2**23
# All weights are constants of one graph at first, and protobuf reads no message of 2 GiB.
_GREATEST_BYTES = 2**31 - 2**20
# tf2onnx 1.17 asks for what NumPy 2 does not have any more.
vars(np).setdefault("product", np.prod)


def write(function: Function, fixed: Axes, sizes: Sizes, axes: Axes, opset: int, file: Path) -> None:
    """Write `file`; the axes of `fixed` have their size in it, those of `axes` their names."""
    if function.weight_bytes > _GREATEST_BYTES:
        raise Refusal(
            f"The model has {function.weight_bytes / 1e9:.1f} GB of weights, and tf2onnx needs them in one graph of "
            "at most 2 GB.",
            "Save a smaller model, or one with weights of half the precision.",
        )
    model, weights = _converted(function, fixed, sizes, opset)
    if unknown := sorted(
        {_called(node.op_type) for node in nodes.every(model.graph.node) if not _has_form(node, opset)}
    ):
        raise Refusal(
            f"tf2onnx has no ONNX form for {', '.join(unknown)[:200]} at opset {opset}.",
            "Save the model without the layers that need it; tf2onnx's support_status.md lists what it writes.",
        )
    _in_order(model.graph.input, list(function.shapes))
    _in_order(model.graph.output, list(function.outputs))
    for value in (*model.graph.input, *model.graph.output):
        for axis, label in axes.get(value.name, {}).items():
            value.type.tensor_type.shape.dim[axis].dim_param = label
    onnx.save(model, str(file))
    for name, content in weights.items():
        (file.parent / name).write_bytes(content)
    files.settle(file)


def _converted(function: Function, fixed: Axes, sizes: Sizes, opset: int) -> tuple[onnx.ModelProto, dict[str, bytes]]:
    """The graph, and the weights beside it by the names of their files."""
    if function.weight_bytes > _LARGE_BYTES:
        try:
            return _asked(function, fixed, sizes, opset, large=True)
        except MemoryError:
            raise
        except Exception:  # it is less tried than the other way
            pass
    return _asked(function, fixed, sizes, opset, large=False)


def _asked(
    function: Function, fixed: Axes, sizes: Sizes, opset: int, large: bool
) -> tuple[onnx.ModelProto, dict[str, bytes]]:
    exported, specs = function.with_fixed(fixed, sizes)
    tf2onnx.graph.Node.update_proto = _written_once
    # A copy: tf2onnx writes into what it is given.
    handlers = dict(operators.HANDLERS)
    model, kept = tf2onnx.convert.from_function(
        exported, input_signature=specs, opset=opset, custom_op_handlers=handlers, large_model=large
    )
    return model, kept.name_to_tensor_data if kept is not None else {}


_write_all = tf2onnx.graph.Node.update_proto


def _written_once(node: Any, external_tensor_storage: Any = None) -> None:
    """What tf2onnx does to every node after each optimisation, without one more copy of a weight that stays."""
    value = node.attr.get("value") if node.is_const() else None
    if external_tensor_storage is None and value is not None and vars(node).get("written") is value:
        del node.op.output[:]
        node.op.output.extend(node.output)
        return
    _write_all(node, external_tensor_storage)
    node.written = value


def _called(operator: str) -> str:
    """A call that was not inlined is of a function that XLA compiles as a whole."""
    return "functions for XLA, as grouped convolutions of Keras are" if "PartitionedCall" in operator else operator


def _in_order(values: list[onnx.ValueInfoProto], names: list[str]) -> None:
    ordered = sorted(values, key=lambda value: names.index(value.name) if value.name in names else len(names))
    del values[:]
    values.extend(ordered)


def _has_form(node: onnx.NodeProto, opset: int) -> bool:
    """tf2onnx leaves an operator that it does not know in the graph, under TensorFlow's name."""
    if node.domain:
        return True
    try:
        onnx.defs.get_schema(node.op_type, opset, "")
    except onnx.defs.SchemaError:
        return False
    return True
