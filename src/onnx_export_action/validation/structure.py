"""What the file claims, read from its structure: graph, opset, IR, external data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import prod
from pathlib import Path

import onnx

from onnx_export_action.records import Check, Graph, Tensor
from onnx_export_action.validation import skim
from onnx_export_action.wire import GREATEST_BYTES
from onnx_export_action.workers.protocol import Refusal

_BITS: dict[int, int] = {
    onnx.TensorProto.FLOAT: 32,
    onnx.TensorProto.FLOAT16: 16,
    onnx.TensorProto.BFLOAT16: 16,
    onnx.TensorProto.INT64: 64,
}


def read(file: Path) -> onnx.ModelProto:
    """The model without its external data."""
    return _read(file, lambda: onnx.load(str(file), load_external_data=False))


def read_slim(file: Path) -> onnx.ModelProto:
    """The same without the large weights inside the file, which are named by their place in it."""
    return _read(file, lambda: skim.skim(file))


def _read(file: Path, load: Callable[[], onnx.ModelProto]) -> onnx.ModelProto:
    size = file.stat().st_size if file.is_file() else 0
    if size > GREATEST_BYTES:
        raise Refusal(
            f"{file.name} has {size / 2**30:.1f} GiB, and a protobuf of 2 GiB or more cannot be read.",
            "Save the weights as external data.",
            "usage",
        )
    try:
        model = load()
    except Exception as error:  # protobuf's own type is not part of its interface
        reason = error.strerror if isinstance(error, OSError) else _first_line(error)
        raise Refusal(
            f"{file.name} is not a readable ONNX file: {reason}",
            "Check that it was saved completely.",
            "usage",
        ) from error
    if not model.graph.node and not model.graph.output:
        raise Refusal(f"{file.name} is not an ONNX file: it holds no graph.", "Check the path.", "usage")
    return model


def opset(model: onnx.ModelProto) -> int:
    """The opset of the standard domain; 0 when the model imports none."""
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)


def graph(model: onnx.ModelProto) -> Graph:
    """Counts, inputs and outputs, for people and for comparison."""
    initializers = model.graph.initializer
    names = {tensor.name for tensor in initializers}
    return Graph(
        nodes=len(model.graph.node),
        operators=dict(
            sorted(Counter(node.op_type for node in model.graph.node).items(), key=lambda item: (-item[1], item[0]))
        ),
        initializers=len(initializers),
        parameters=sum(prod(tensor.dims) for tensor in initializers),
        inputs=tuple(_tensor(value) for value in model.graph.input if value.name not in names),
        outputs=tuple(_tensor(value) for value in model.graph.output),
        external_files=_external_files(model),
    )


def check_graph(model: onnx.ModelProto) -> Check:
    """onnx.checker with shape inference, without the large weights, whose values decide nothing here."""
    try:
        onnx.checker.check_model(_without_weights(model), full_check=True)
    except Exception as error:  # the checker raises several unrelated types
        return Check(name="onnx.checker", passed=False, detail=_first_line(error))
    return Check(name="onnx.checker", passed=True, detail="graph, types and inferred shapes are consistent")


def check_weights(model: onnx.ModelProto, folder: Path) -> Check:
    """Every initializer is complete, in the file or in a file of the same folder."""
    for tensor in model.graph.initializer:
        problem = external_problem(tensor, folder) if tensor.external_data else ""
        problem = problem or ("" if _is_external(tensor) else _inline_problem(tensor))
        if problem:
            return Check(name="weights", passed=False, detail=f"{tensor.name}: {problem}")
    external = sum(_is_external(tensor) for tensor in model.graph.initializer)
    where = f"{external} of them as external data" if external else "all in one file"
    return Check(name="weights", passed=True, detail=f"{len(model.graph.initializer)} initializers complete, {where}")


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with large initializers turned into inputs, in place: copying them first would double the memory."""
    small = [tensor for tensor in model.graph.initializer if not _is_large(tensor)]
    for tensor in model.graph.initializer:
        if _is_large(tensor):
            model.graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            )
    del model.graph.initializer[:]
    model.graph.initializer.extend(small)
    return model


def _is_external(tensor: onnx.TensorProto) -> bool:
    """In another file; one that was skimmed lies in its own."""
    return (
        bool(tensor.data_location == onnx.TensorProto.EXTERNAL) and not Path(_entry(tensor, "location")).is_absolute()
    )


def _is_large(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.external_data) or len(tensor.raw_data) > skim.LARGE_BYTES


def _inline_problem(tensor: onnx.TensorProto) -> str:
    bits = _BITS.get(tensor.data_type)
    found = int(_entry(tensor, "length") or len(tensor.raw_data))
    if not found or bits is None:
        return ""
    wanted = prod(tensor.dims) * bits // 8
    return "" if found == wanted else f"{found} bytes instead of {wanted}"


def _entry(tensor: onnx.TensorProto, key: str) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == key), "")


def external_problem(tensor: onnx.TensorProto, folder: Path) -> str:
    """Why the external data of a tensor cannot be read; empty where it can."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = (folder / entries.get("location", "")).resolve()
    end = int(entries.get("offset", 0)) + int(entries.get("length", 0))
    if not path.is_relative_to(folder.resolve()):
        return "its external data lies outside the folder"
    if not path.is_file():
        return f"the external file {path.name} is missing"
    return "" if path.stat().st_size >= end else f"the external file {path.name} is cut off"


def _external_files(model: onnx.ModelProto) -> tuple[str, ...]:
    external = (tensor for tensor in model.graph.initializer if _is_external(tensor))
    return tuple(sorted({_entry(tensor, "location") for tensor in external}))


def check_opset(model: onnx.ModelProto, promised: int | None) -> Check:
    """The opset delivered is the opset promised."""
    delivered = opset(model)
    passed = delivered == promised if promised is not None else delivered > 0
    detail = f"{delivered}" if passed else f"{delivered}, although {promised} was promised"
    return Check(name="opset", passed=passed, detail=detail)


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    shape = tuple(dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?" for dim in kind.shape.dim)
    return Tensor(name=value.name, dtype=onnx.TensorProto.DataType.Name(kind.elem_type).lower(), shape=shape)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:400]
