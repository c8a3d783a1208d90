"""Read a model without its large weights: they stay where they lie, named as external data of the file itself.

To parse the whole file takes twice its size in memory.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import onnx

from onnx_export_action import wire
from onnx_export_action.wire import GRAPH, INITIALIZER, RAW_DATA, Field

LARGE_BYTES = 4096


def skim(file: Path, place: str = "") -> onnx.ModelProto:
    """The model, values of more than 4 KiB left out: their location is the file's absolute path, which no other has.

    Or `place`, for whoever asks for another. Raises ValueError, or protobuf's own error, where it is no model.
    """
    place = place or str(file.resolve())
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        model = bytearray()
        for field in wire.fields(data, 0, len(data)):
            if field.number == GRAPH:
                model += _wrapped(GRAPH, _graph(data, field, place))
            else:
                model += data[field.start : field.end]
    slim: onnx.ModelProto = onnx.ModelProto.FromString(bytes(model))
    return slim


def _graph(data: mmap.mmap, graph: Field, place: str) -> bytes:
    slim = bytearray()
    for field in wire.fields(data, graph.content, graph.end):
        if field.number == INITIALIZER and field.end - field.content > LARGE_BYTES:
            slim += _wrapped(INITIALIZER, _initializer(data, field, place))
        else:
            slim += data[field.start : field.end]
    return bytes(slim)


def _initializer(data: mmap.mmap, initializer: Field, place: str) -> bytes:
    """Without its bytes, where they are enough to matter; with the place that they have."""
    fields = list(wire.fields(data, initializer.content, initializer.end))
    raw = next((field for field in fields if field.number == RAW_DATA), None)
    if raw is None or raw.end - raw.content <= LARGE_BYTES:
        return data[initializer.content : initializer.end]
    tensor = onnx.TensorProto.FromString(b"".join(data[field.start : field.end] for field in fields if field != raw))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", raw.content), ("length", raw.end - raw.content)):
        tensor.external_data.add(key=key, value=str(value))
    return bytes(tensor.SerializeToString())


def _wrapped(number: int, content: bytes) -> bytes:
    return wire.head(number, len(content)) + content
