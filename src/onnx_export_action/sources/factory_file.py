"""`file.py:factory`: a callable in a Python file of the workspace, which only a worker ever imports."""

from __future__ import annotations

import ast
import os
from pathlib import Path

from onnx_export_action.errors import UsageError
from onnx_export_action.hashing import record_of
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources.names import shown_name


def is_named(name: str) -> bool:
    """Whether a model's name means a callable in a file."""
    return ".py:" in name or name.endswith(".py")


def read(settings: Settings) -> Model:
    """The record of a factory; the file is read, to find mistakes before a worker starts, and never run here."""
    name, _, entry = settings.model.rpartition(":") if ".py:" in settings.model else (settings.model, "", "")
    path = settings.workspace / name
    if not os.path.isfile(path):
        raise UsageError(
            f"model not found: {name[:120]!r} is no file of the workspace.",
            "Paths start at the workspace (check the repository out first).",
        )
    if not entry.isidentifier():
        raise UsageError(
            f"{path.name} is Python code, and {entry[:80]!r} names no callable in it.",
            f"Write `model: {path.name}:factory`, where `factory()` returns the torch.nn.Module.",
        )
    _check_syntax(path)
    return Model(
        id=f"{shown_name(path, settings.workspace)}:{entry}",
        path=str(path.resolve()),
        kind="module",
        entry=entry,
        task=settings.task,
        architecture=entry,
        weights=(record_of(path, path.name),),
    )


def _check_syntax(path: Path) -> None:
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UsageError(f"{path.name} is not valid Python{line}.", "Repair the file.") from None
