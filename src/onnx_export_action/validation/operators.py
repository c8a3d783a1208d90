"""Which release of ONNX Runtime is the first to run an operator; the table is made by scripts/operator_table.py."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import onnx

from onnx_export_action.validation import nodes

Release = tuple[int, int]

_TABLE = Path(__file__).with_name("operators.json")
_OLDEST: Release = (1, 16)


def too_new(model: onnx.ModelProto, release: Release) -> list[str]:
    """The operators of a file that a release does not run, each with the first that does; nothing before the table."""
    if release < _OLDEST:
        return []
    needed = {operator: _first(*operator) for operator in _used(model)}
    return [
        f"{name} {version}{f' of {domain}' if domain else ''} (since {first[0]}.{first[1]})"
        for (domain, name, version), first in sorted(needed.items())
        if first is not None and first > release
    ]


def covers(release: Release) -> bool:
    """Whether the table knows what this release runs."""
    return release >= _OLDEST


def _used(model: onnx.ModelProto) -> set[tuple[str, str, int]]:
    imported = {entry.domain: entry.version for entry in model.opset_import}
    own = {(function.domain, function.name) for function in model.functions}
    graphs = (model.graph, *model.functions)
    every = (node for graph in graphs for node in nodes.every(graph.node))
    plain = {("" if node.domain == "ai.onnx" else node.domain, node.op_type) for node in every} - own
    return {(domain, name, _version(domain, name, imported.get(domain, 1))) for domain, name in plain}


def _version(domain: str, name: str, opset: int) -> int:
    """The version of an operator that an opset means."""
    try:
        return int(onnx.defs.get_schema(name, opset, domain).since_version)
    except onnx.defs.SchemaError:
        return 1  # as all of com.microsoft


def _first(domain: str, name: str, version: int) -> Release | None:
    """The first release that runs it; None where the table does not have it, and a runtime has to tell."""
    found = _table().get(domain, {}).get(name, {}).get(str(version))
    return None if found is None else (int(found.split(".")[0]), int(found.split(".")[1]))


@cache
def _table() -> dict[str, dict[str, dict[str, str]]]:
    loaded: dict[str, dict[str, dict[str, str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return loaded
