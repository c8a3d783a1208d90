"""Where the interpreters are: each set of library versions has a virtual environment of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from onnx_export_action.errors import SurroundingsError


def main() -> Path:
    """The interpreter of this program: transformers 5."""
    return Path(sys.executable)


def optimum() -> Path:
    """The interpreter with optimum-onnx, beside this one."""
    return Path(f"{sys.prefix}-optimum") / "bin" / "python"


def tensorflow() -> Path:
    """The interpreter with TensorFlow, beside this one; made when it is first needed."""
    return Path(f"{sys.prefix}-tensorflow") / "bin" / "python"


def require(interpreter: Path) -> Path:
    """The same path, if it is there."""
    if not interpreter.exists():
        raise SurroundingsError(
            f"The interpreter of this route is not installed ({interpreter.parent.parent.name}).", "Run `make setup`."
        )
    return interpreter
