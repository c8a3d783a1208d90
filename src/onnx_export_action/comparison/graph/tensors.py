"""A constant's values, mapped from its file or read in place: never a copy of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from onnx_export_action.workers.protocol import Refusal

Array = NDArray[Any]

_CHUNK = 1 << 20
_SAMPLE = 256
_HALF_BYTES = tuple(
    getattr(onnx.TensorProto, name)
    for name in ("INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2")
    if hasattr(onnx.TensorProto, name)
)


@dataclass(frozen=True)
class Distance:
    """How far two tensors of one shape are from each other."""

    differing: int
    max_abs: float | None
    not_finite: int = 0


def type_of(tensor: onnx.TensorProto) -> str:
    """The element type as people write it: `float16`."""
    return str(onnx.TensorProto.DataType.Name(tensor.data_type).lower())


def distance(base: onnx.TensorProto, base_folder: Path, head: onnx.TensorProto, head_folder: Path) -> Distance:
    """Element by element, a million at a time; elements that are NaN on both sides are equal."""
    if onnx.TensorProto.STRING in (base.data_type, head.data_type):
        same = base.data_type == head.data_type and list(base.string_data) == list(head.string_data)
        return Distance(0 if same else prod(base.dims), None)
    differing, not_finite, farthest = 0, 0, 0.0
    for left, right in _chunks(_values(base, base_folder), _values(head, head_folder)):
        if left.dtype != right.dtype:
            left, right = _wide(left), _wide(right)
        elif left.tobytes() == right.tobytes():
            continue  # most weights are what they were, and this is the quickest way to know
        unequal = (left != right) & ~((left != left) & (right != right))
        differing += int(unequal.sum())
        gaps = np.abs(_wide(left[unequal]) - _wide(right[unequal]))
        finite = np.isfinite(gaps)
        not_finite += int((~finite).sum())
        farthest = max(farthest, float(gaps[finite].max(initial=0.0)))
    return Distance(differing, farthest if differing > not_finite else None, not_finite)


def sample(tensor: onnx.TensorProto, folder: Path) -> bytes:
    """A few elements from the beginning, the middle and the end: enough to tell most weights apart."""
    if tensor.data_type == onnx.TensorProto.STRING:
        return b"".join(tensor.string_data[:_SAMPLE])
    values = _values(tensor, folder)
    middle = len(values) // 2
    return b"".join(part.tobytes() for part in (values[:_SAMPLE], values[middle : middle + _SAMPLE], values[-_SAMPLE:]))


def _wide(values: Array) -> Array:
    if values.dtype.kind == "c":
        return values.astype(np.complex128)
    return values.astype(np.longdouble if values.dtype.kind in "iu" else np.float64)


def _chunks(left: Array, right: Array) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(left), _CHUNK):
        yield left[start : start + _CHUNK], right[start : start + _CHUNK]


def _values(tensor: onnx.TensorProto, folder: Path) -> Array:
    kind, count = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type), prod(tensor.dims)
    external = tensor.data_location == onnx.TensorProto.EXTERNAL
    if tensor.data_type in _HALF_BYTES:
        if external:
            raise Refusal(
                f"{tensor.name} holds packed elements in another file, which cannot be compared.", "", "usage"
            )
        return numpy_helper.to_array(tensor).reshape(-1)
    try:
        if count == 0:
            return np.empty(0, kind)
        if external:
            return _mapped(tensor, folder, kind, count)
        raw = tensor.raw_data  # asked for once: each time it is copied out of the message
        if raw:
            return np.frombuffer(raw, kind, count)
        return numpy_helper.to_array(tensor).reshape(-1)
    except (ValueError, TypeError, OSError) as error:
        raise Refusal(f"The weight {tensor.name[:100]} is not complete.", "Export the file again.", "usage") from error


def _mapped(tensor: onnx.TensorProto, folder: Path, kind: np.dtype[Any], count: int) -> Array:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = (folder / entries.get("location", "")).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError("outside the folder")
    return np.memmap(path, kind, "r", int(entries.get("offset", 0)), (count,))
