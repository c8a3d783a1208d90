"""What the file claims, read from its structure: graph, opset, IR, external data."""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path

import onnx

from onnx_export_action.records import Check, Graph, Tensor


def read(file: Path) -> onnx.ModelProto:
    """The model without its external data."""
    return onnx.load(str(file), load_external_data=False)


def opset(model: onnx.ModelProto) -> int:
    """The opset of the standard domain; 0 when the model imports none."""
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)


def graph(model: onnx.ModelProto) -> Graph:
    """Counts, inputs and outputs, for people and for comparison."""
    initializers = model.graph.initializer
    names = {tensor.name for tensor in initializers}
    return Graph(
        nodes=len(model.graph.node),
        operators=dict(sorted(Counter(node.op_type for node in model.graph.node).items(), key=lambda item: (-item[1], item[0]))),
        initializers=len(initializers),
        parameters=sum(prod(tensor.dims) for tensor in initializers),
        inputs=tuple(_tensor(value) for value in model.graph.input if value.name not in names),
        outputs=tuple(_tensor(value) for value in model.graph.output),
    )


def check_graph(file: Path) -> Check:
    """onnx.checker with shape inference."""
    try:
        onnx.checker.check_model(str(file), full_check=True)
    except Exception as error:  # the checker raises several unrelated types
        return Check(name="onnx.checker", passed=False, detail=_first_line(error))
    return Check(name="onnx.checker", passed=True, detail="graph, types and inferred shapes are consistent")


def check_external_data(model: onnx.ModelProto, folder: Path) -> Check:
    """Every external tensor lies inside the folder, in a file long enough to hold it."""
    external = [tensor for tensor in model.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]
    for tensor in external:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        path = (folder / entries.get("location", "")).resolve()
        end = int(entries.get("offset", 0)) + int(entries.get("length", 0))
        if not path.is_relative_to(folder.resolve()):
            return Check(name="external data", passed=False, detail=f"{tensor.name} lies outside the folder")
        if not path.is_file():
            return Check(name="external data", passed=False, detail=f"the file of {tensor.name} is missing")
        if path.stat().st_size < end:
            return Check(name="external data", passed=False, detail=f"the file ends before {tensor.name} does")
    detail = f"{len(external)} tensors, all complete" if external else "none, one file holds everything"
    return Check(name="external data", passed=True, detail=detail)


def external_files(model: onnx.ModelProto) -> list[str]:
    """The files that hold external data, as the file names them."""
    entries = (entry for tensor in model.graph.initializer for entry in tensor.external_data if entry.key == "location")
    return sorted({entry.value for entry in entries})


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
