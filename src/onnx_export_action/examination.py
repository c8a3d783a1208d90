"""What an interpreter and its workers can do, told by a worker itself; for `doctor`."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import socket
from typing import Any

_LIBRARIES = (
    *("torch", "transformers", "optimum", "optimum-onnx", "tensorflow-cpu", "keras", "tf2onnx"),
    *("onnx", "onnxscript", "onnxruntime", "numpy"),
)


class Service:
    """One operation: tell."""

    def describe(self, needed: list[str]) -> dict[str, Any]:
        """Versions, what needed cannot be imported and why, ONNX Runtime's providers, and what the sandbox left."""
        return {
            "python": platform.python_version(),
            "versions": {name: version for name in _LIBRARIES if (version := _version(name))},
            "broken": [problem for name in needed if (problem := _problem(name))],
            "providers": _providers(),
            "root": os.geteuid() == 0,
            "network": [name for _, name in socket.if_nameindex()] != ["lo"],
        }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _problem(name: str) -> str:
    try:
        importlib.import_module(name)
    except Exception as error:  # whatever a broken library raises is what is to be told
        reason = next(iter(str(error).splitlines()), "no reason given")
        return f"{name} cannot be imported: {type(error).__name__}: {reason}"[:300]
    return ""


def _providers() -> list[str]:
    if not _version("onnxruntime"):
        return []
    session = importlib.import_module("onnx_export_action.validation.session")
    return list(session.providers())
