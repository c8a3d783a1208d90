"""The header of a safetensors file, checked against the file's size without reading a single weight.

Layout: eight bytes little-endian length, that many bytes of JSON, then the tensors without gaps.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any, NamedTuple

from onnx_export_action.errors import UsageError

# The library's own limit: a greater length is a corrupt file, not a great model.
_GREATEST_HEADER = 100_000_000

_BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip

_REMEDY = "Download or save the file again."


class _Place(NamedTuple):
    begin: int
    end: int


def tensor_names(path: Path) -> frozenset[str]:
    """The tensors that a file promises, after a proof that all of their bytes are there."""
    size = path.stat().st_size
    header, start = _header(path, size)
    places = sorted(_place(path, name, entry) for name, entry in header.items() if name != "__metadata__")
    end = 0
    for place in places:
        if place.begin != end:
            raise _corrupt(path, "its tensors overlap or leave a gap")
        end = place.end
    if start + end > size:
        raise UsageError(f"{path.name} is truncated: it should have {start + end:,} bytes and has {size:,}.", _REMEDY)
    if start + end < size:
        raise _corrupt(path, f"it has {size - start - end:,} bytes more than its tensors")
    return frozenset(header) - {"__metadata__"}


def _header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    with path.open("rb") as stream:
        prefix = stream.read(8)
        if len(prefix) < 8:
            raise UsageError(f"{path.name} is truncated: it has only {size} bytes.", _REMEDY)
        (length,) = struct.unpack("<Q", prefix)
        if length > _GREATEST_HEADER:
            raise _corrupt(path, "it does not begin with a safetensors header")
        if 8 + length > size:
            raise UsageError(f"{path.name} is truncated: it ends inside its header.", _REMEDY)
        text = stream.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise _corrupt(path, "its header is not JSON") from None
    if not isinstance(header, dict):
        raise _corrupt(path, "its header is not a JSON object")
    return header, 8 + length


def _place(path: Path, name: str, entry: Any) -> _Place:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise _corrupt(path, f"the entry of tensor {name[:80]!r} is incomplete") from None
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise _corrupt(path, f"tensor {name[:80]!r} has the unknown type {str(dtype)[:20]!r}")
    numbers = [begin, end, *shape] if isinstance(shape, list) else [None]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise _corrupt(path, f"tensor {name[:80]!r} has an impossible shape or position")
    if (end - begin) * 8 != math.prod(shape) * _BITS[dtype]:
        raise _corrupt(path, f"the size of tensor {name[:80]!r} does not fit its shape")
    return _Place(begin, end)


def _corrupt(path: Path, why: str) -> UsageError:
    return UsageError(f"{path.name} is corrupt: {why}.", _REMEDY)
