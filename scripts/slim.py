"""For the image: takes out of the interpreters what no export uses, and compiles what they share once for all.

Usage: python scripts/slim.py MAIN OTHER...
"""

import compileall
import os
import shutil
import sys
from pathlib import Path

UNUSED = (
    "torch/test",
    "torch/include",
    "onnx/backend/test/data",
    "numpy/**/tests",
    "networkx/**/tests",
    "sympy/**/tests",
    "tensorflow/include",
    "tensorflow/lite",
)
# `import torch` asks for this one program; the others beside it are torch's own tests and protoc.
TORCH_PROGRAM = "torch_shm_manager"


def packages(interpreter: Path) -> Path:
    """The folder that holds an interpreter's packages."""
    return next(interpreter.glob("lib/python3*/site-packages"))


def prune(folder: Path) -> None:
    """Removes what no export uses."""
    unused = [path for pattern in UNUSED for path in folder.glob(pattern)]
    unused += [path for path in folder.glob("torch/bin/*") if path.name != TORCH_PROGRAM]
    for path in unused:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def compile_all(folder: Path) -> None:
    """Compiles every module; some are written for newer versions of Python and stay as they are."""
    compileall.compile_dir(folder, quiet=2, workers=0)


def share_bytecode(main: Path, other: Path) -> None:
    """Gives modules that are one file in both folders one bytecode for both."""
    for bytecode in main.rglob("__pycache__/*.pyc"):
        source = bytecode.parent.parent / f"{bytecode.name.partition('.')[0]}.py"
        twin = other / source.relative_to(main)
        if source.exists() and twin.exists() and source.samefile(twin):
            link = other / bytecode.relative_to(main)
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            os.link(bytecode, link)


def slim(main: Path, *others: Path) -> None:
    """Prunes and compiles the main interpreter, then the others with what is left to do for them."""
    for folder in (main, *others):
        prune(folder)
    compile_all(main)
    for other in others:
        share_bytecode(main, other)
        compile_all(other)


if __name__ == "__main__":
    slim(*(packages(Path(argument)) for argument in sys.argv[1:]))
