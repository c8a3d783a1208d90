"""What the figures come from: processor, kernel, library versions; read without importing the libraries."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import psutil

from onnx_export_action.records import Environment

_LIBRARIES = ("torch", "transformers", "optimum", "onnx", "onnxscript", "onnxruntime", "numpy")


def describe() -> Environment:
    """The machine and the versions of the main interpreter."""
    return Environment(
        cpu=_cpu_model(),
        cores=usable_cores(),
        memory_bytes=psutil.virtual_memory().total,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        versions={name: importlib.metadata.version(name) for name in _LIBRARIES},
    )


def usable_cores() -> int:
    """The processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
