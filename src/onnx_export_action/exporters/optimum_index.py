"""Which model types optimum-onnx has a configuration for, read from its sources without starting its interpreter."""

from __future__ import annotations

import functools
import re
from pathlib import Path

_REGISTERED = re.compile(r'register_tasks_manager_onnx\(\s*"([\w.\-]+)"')


@functools.cache
def model_types(interpreter: Path) -> frozenset[str] | None:
    """The registered model types; None when the sources are not where they should be, so that nothing is ruled out."""
    pattern = "lib/python3*/site-packages/optimum/exporters/onnx/model_configs.py"
    sources = sorted(interpreter.parent.parent.glob(pattern))
    found = _REGISTERED.findall(sources[0].read_text(encoding="utf-8")) if sources else []
    return frozenset(found) or None
