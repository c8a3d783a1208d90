"""Fields of protobuf messages, found and made without the classes that hold whole messages in memory.

The encoding of https://protobuf.dev/programming-guides/encoding/; field numbers are those of onnx.proto.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple

GRAPH, INITIALIZER, RAW_DATA = 7, 5, 9

GREATEST_BYTES = 2**31 - 1  # of a message that can be read
_VARINT, _LENGTH_DELIMITED = 0, 2
_FIXED_BYTES = {1: 8, 5: 4}
_MOST_BITS = 64


class Field(NamedTuple):
    """One field of a message: where it starts, where its content does, and where both end."""

    number: int
    start: int
    content: int
    end: int


def fields(data: mmap.mmap, position: int, end: int) -> Iterator[Field]:
    """The fields of the message between two places; raises ValueError where there is no message."""
    while position < end:
        start = position
        key, position = _number(data, position)
        kind, after = key & 7, end + 1
        if kind == _VARINT:
            _, after = _number(data, position)
        elif kind == _LENGTH_DELIMITED:
            length, position = _number(data, position)
            after = position + length
        elif kind in _FIXED_BYTES:
            after = position + _FIXED_BYTES[kind]
        if after > end:
            raise ValueError("a field ends behind its message")
        yield Field(key >> 3, start, position, after)
        position = after


def head(number: int, length: int) -> bytes:
    """What stands before the content of a field of so many bytes."""
    return _encoded(number << 3 | _LENGTH_DELIMITED) + _encoded(length)


def _number(data: mmap.mmap, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _MOST_BITS, 7):
        if position >= len(data):
            raise ValueError("the file ends within a number")
        byte, position = data[position], position + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number is too long")


def _encoded(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
