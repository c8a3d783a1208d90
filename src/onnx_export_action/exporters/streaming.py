"""Write an ONNX file with the weights taken from the loaded model one by one: no copy of all of them exists.

The graph is serialised without weights. Below the limit each initializer follows it inside the same graph field,
whose length is known beforehand; above the limit the bytes go to `<file>_data` and the initializer names its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
import torch

from onnx_export_action import wire
from onnx_export_action.exporters.files import EXTERNAL_ABOVE_BYTES

# ONNX Runtime maps external data only where it starts on a page.
_PAGE_BYTES = 4096
_TYPES = {
    torch.float32: onnx.TensorProto.FLOAT,
    torch.float64: onnx.TensorProto.DOUBLE,
    torch.float16: onnx.TensorProto.FLOAT16,
    torch.bfloat16: onnx.TensorProto.BFLOAT16,
    torch.int64: onnx.TensorProto.INT64,
    torch.int32: onnx.TensorProto.INT32,
    torch.int16: onnx.TensorProto.INT16,
    torch.int8: onnx.TensorProto.INT8,
    torch.uint8: onnx.TensorProto.UINT8,
    torch.bool: onnx.TensorProto.BOOL,
}


def write(model: onnx.ModelProto, weights: Mapping[str, torch.Tensor], file: Path) -> None:
    """Write the model with these initializers added; small weights in the file, large ones beside it."""
    total = sum(_size(weight) for weight in weights.values())
    if total > EXTERNAL_ABOVE_BYTES:
        _write_external(model, weights, file)
    else:
        _write_inline(model, weights, file)


def _write_inline(model: onnx.ModelProto, weights: Mapping[str, torch.Tensor], file: Path) -> None:
    graph = model.graph.SerializeToString()
    rest = onnx.ModelProto()
    rest.CopyFrom(model)
    rest.ClearField("graph")
    heads = {name: _head(name, weight) for name, weight in weights.items()}
    bodies = {name: head + wire.head(wire.RAW_DATA, _size(weights[name])) for name, head in heads.items()}
    lengths = {name: len(body) + _size(weights[name]) for name, body in bodies.items()}
    prefixes = {name: wire.head(wire.INITIALIZER, length) for name, length in lengths.items()}
    size = len(graph) + sum(len(prefixes[name]) + length for name, length in lengths.items())
    copies = _Copies(weights)
    with file.open("wb") as output:
        output.write(rest.SerializeToString() + wire.head(wire.GRAPH, size) + graph)
        for name, weight in weights.items():
            output.write(prefixes[name] + bodies[name])
            output.write(copies.plain(weight))


def _write_external(model: onnx.ModelProto, weights: Mapping[str, torch.Tensor], file: Path) -> None:
    data, copies = file.with_name(f"{file.name}_data"), _Copies(weights)
    with data.open("wb") as output:
        for name, weight in weights.items():
            output.write(b"\0" * (-output.tell() % _PAGE_BYTES))
            tensor = model.graph.initializer.add()
            tensor.ParseFromString(_head(name, weight))
            tensor.data_location = onnx.TensorProto.EXTERNAL
            for key, value in (("location", data.name), ("offset", output.tell()), ("length", _size(weight))):
                tensor.external_data.add(key=key, value=str(value))
            output.write(copies.plain(weight))
    onnx.save(model, str(file))


def _head(name: str, weight: torch.Tensor) -> bytes:
    tensor = onnx.TensorProto(name=name, dims=list(weight.shape), data_type=_TYPES[weight.dtype])
    return bytes(tensor.SerializeToString())


class _Copies:
    """Weights as they are written; the transposed ones copied one after the other into the same memory.

    Memory that is taken anew for each has to be cleared by the kernel, which takes longer than the copy.
    """

    def __init__(self, weights: Mapping[str, torch.Tensor]) -> None:
        self._memory = torch.empty(
            max((_size(each) for each in weights.values() if not each.is_contiguous()), default=0), dtype=torch.uint8
        )

    def plain(self, weight: torch.Tensor) -> memoryview:
        """The bytes of a weight, until the next is asked for."""
        weight = weight.detach()
        if not weight.is_contiguous():
            weight = self._memory[: _size(weight)].view(weight.dtype).view(weight.shape).copy_(weight)
        # As uint8, because bfloat16 has no NumPy type.
        flat = weight.flatten()
        return memoryview(flat.view(torch.uint8).numpy() if flat.numel() else b"")


def _size(weight: torch.Tensor) -> int:
    return int(weight.numel() * weight.element_size())
