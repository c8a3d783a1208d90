"""The values of a case, from its .npz: what goes into the runtime is read, and answers are mapped from the file."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# APPNOTE.TXT of the ZIP format, 4.3.7: lengths of the name and of the extra field, in a member's local header.
_LENGTHS_AT, _LENGTHS = 26, "<HH"


def read(file: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """Inputs and outputs by their names; raises ValueError for a file that `np.savez` did not write."""
    values = mapped(file)
    inputs = {name[3:]: np.array(value) for name, value in values.items() if name.startswith("in.")}
    return inputs, {name[4:]: value for name, value in values.items() if name.startswith("out.")}


def mapped(file: str) -> dict[str, Array]:
    """Every array of an .npz without compression, read from the file as it is used."""
    with zipfile.ZipFile(file) as archive, Path(file).open("rb") as content:
        return {info.filename.removesuffix(".npy"): _mapped(file, content, info) for info in archive.infolist()}


def _mapped(file: str, content: IO[bytes], info: zipfile.ZipInfo) -> Array:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    content.seek(info.header_offset + _LENGTHS_AT)
    content.seek(sum(struct.unpack(_LENGTHS, content.read(struct.calcsize(_LENGTHS)))), 1)
    version = np.lib.format.read_magic(content)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_column, kind = header(content)
    if kind.hasobject:
        raise ValueError(f"{info.filename} holds Python's objects")
    if not all(shape):
        return np.empty(shape, kind)
    order: Literal["F", "C"] = "F" if by_column else "C"
    return np.asarray(np.memmap(file, kind, "r", content.tell(), shape, order))
