"""Which tensor of a graph is what a part of the model hands on, by the scopes that exporters write beside the nodes."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

import onnx

_SCOPES = "pkg.torch.onnx.name_scopes"
# A Sequential stands in its children's scopes twice: as itself, and in front of their numbers.
_SEQUENTIAL = re.compile(r"(?:^|(?<=/))(\w+)/(?=\1\.\d+(?:/|$))")


def of(model: onnx.ModelProto, parts: Collection[str]) -> dict[str, list[str]]:
    """Part to the tensors that leave it, the last one first; parts without any are left out."""
    scopes = [scope_of(node) for node in model.graph.node]
    prefix = max(("model.", ""), key=lambda start: len({f"{start}{part}" for part in parts} & _enclosing(scopes)))
    readers = _readers(model, scopes)
    leaving: dict[str, list[str]] = {}
    for node, scope in zip(model.graph.node, scopes, strict=True):
        for part in _chain(scope):
            outside = [
                name for name in node.output if any(not _within(scope_, part) for scope_ in readers.get(name, ()))
            ]
            leaving.setdefault(part, [])[:0] = outside
    found = {part: leaving.get(f"{prefix}{part}", []) for part in parts}
    return {part: tensors for part, tensors in found.items() if tensors}


def scope_of(node: onnx.NodeProto) -> str:
    """The part that a node belongs to, as `encoder.layer.0.output`; empty where nothing says so."""
    written = next((entry.value for entry in node.metadata_props if entry.key == _SCOPES), "")
    if written:
        names = ast.literal_eval(written)
        return str(names[-2]) if len(names) > 1 else ""
    path = node.name.rpartition("/")[0].strip("/")
    return _SEQUENTIAL.sub("", path).replace("/", ".")


def _chain(scope: str) -> list[str]:
    parts = scope.split(".") if scope else []
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _enclosing(scopes: list[str]) -> set[str]:
    return {part for scope in set(scopes) for part in _chain(scope)}


def _within(scope: str, part: str) -> bool:
    return scope == part or scope.startswith(f"{part}.")


def _readers(model: onnx.ModelProto, scopes: list[str]) -> dict[str, set[str]]:
    """Tensor to the scopes that read it; what the whole graph gives is read outside every part."""
    readers: dict[str, set[str]] = {value.name: {""} for value in model.graph.output}
    for node, scope in zip(model.graph.node, scopes, strict=True):
        for name in node.input:
            readers.setdefault(name, set()).add(scope)
    return readers
