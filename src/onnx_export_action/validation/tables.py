"""Whether a file looks every token up in the model's own table: then a spread of ids proves the lookup of all.

The ids may be cast and reshaped, and compared with those that the cases hold in every row. Where anything else is
done with them, a single id could be answered differently, and only to try it tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx

from onnx_export_action.validation import nodes

_CARRIES = ("Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten")
_SIZES = ("Shape", "Size")
_CHUNK_BYTES = 1 << 20


def strange(model: onnx.ModelProto, folder: Path, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """For each input of token ids why its lookup is not known to be the model's; empty where it is."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    constants |= {node.output[0]: node.attribute[0].t for node in model.graph.node if _is_tensor(node)}
    return {name: _reason(model.graph, folder, name, table, constants) for name, table in tables.items()}


def _is_tensor(node: onnx.NodeProto) -> bool:
    return node.op_type == "Constant" and len(node.attribute) == 1 and node.attribute[0].name == "value"


def _reason(
    graph: onnx.GraphProto,
    folder: Path,
    name: str,
    table: Mapping[str, Any],
    constants: Mapping[str, onnx.TensorProto],
) -> str:
    carried, found = {name}, set[str]()
    for node in graph.node:
        if carried & set(_read_inside(node)):
            return f"{node.op_type} reads the ids inside its branches"
        places = [place for place, value in enumerate(node.input) if value in carried]
        if not places or node.op_type in _SIZES:
            continue
        if node.op_type in _CARRIES and places == [0]:
            carried.add(node.output[0])
        elif node.op_type == "Gather" and places == [1] and node.input[0] in constants:
            found.add(node.input[0])
        elif not (node.op_type == "Equal" and _known(node, carried, constants, table["known"])):
            return f"{node.op_type} reads the ids too"
    if not found:
        return "no table is indexed by the ids"
    other = [each for each in sorted(found) if _hash(constants[each], folder) not in table["hashes"]]
    return f"{other[0]} is no table of the model" if other else ""


def _read_inside(node: onnx.NodeProto) -> Iterator[str]:
    for graph in nodes.inside(node):
        for inner in graph.node:
            yield from inner.input
            yield from _read_inside(inner)


def _known(
    node: onnx.NodeProto, carried: set[str], constants: Mapping[str, onnx.TensorProto], known: list[int]
) -> bool:
    others = [constants[value] for value in node.input if value in constants and value not in carried]
    small = [onnx.numpy_helper.to_array(other) for other in others if not other.external_data]
    return len(small) == 1 and small[0].size == 1 and int(small[0].reshape(-1)[0]) in known


def _hash(tensor: onnx.TensorProto, folder: Path) -> str:
    """Of the values as they lie in memory; the caller has checked that external data is inside the folder."""
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        plain = tensor.raw_data or onnx.numpy_helper.to_array(tensor).tobytes()
        return hashlib.sha256(plain).hexdigest()
    entries = {entry.key: entry.value for entry in tensor.external_data}
    digest, file = hashlib.sha256(), folder / entries["location"]
    left = int(entries.get("length", 0)) or file.stat().st_size
    with file.open("rb") as data:
        data.seek(int(entries.get("offset", 0)))
        while left > 0 and (chunk := data.read(min(left, _CHUNK_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
