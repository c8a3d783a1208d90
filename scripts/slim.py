"""For the image: takes out of the interpreters what no export uses, and compiles what they share once for all.

Usage: python scripts/slim.py MAIN OTHER...
"""

import compileall
import os
import shutil
import struct
import sys
from pathlib import Path

UNUSED = (
    "torch/test",
    "torch/include",
    *("torch/lib/*_test.so", "torch/lib/libaoti_custom_ops.so", "torch/lib/libbackend_with_compiler.so"),
    "onnxruntime/capi/libonnxruntime.so*",  # for programs in C; Python's module has all of it within
    # What the modelling files are written from, and those of frameworks that are not here.
    "transformers/models/*/modular_*.py",
    "transformers/models/*/convert_*.py",
    "transformers/**/modeling_tf_*.py",
    "transformers/**/modeling_flax_*.py",
    "onnx/backend/test",
    *("onnx/**/*.cc", "onnx/**/*.h"),
    "numpy/**/tests",
    "networkx/**/tests",
    "sympy/**/tests",
    "mpmath/tests",
    "**/*.pyi",  # for type checkers
    "tensorflow/include",
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
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for library in folder.rglob("*.so*"):
        if library.is_file() and not library.is_symlink():
            strip_symbols(library)


def strip_symbols(library: Path) -> None:
    """Cuts off what is there for linkers and debuggers, 90 MB of torch: the loader reads the segments alone.

    Offsets are those of the System V ABI's ELF-64 header: e_phoff, e_shoff, then e_phentsize, e_phnum, e_shentsize,
    e_shnum, e_shstrndx.
    """
    with library.open("r+b") as file:
        header = bytearray(file.read(64))
        if not header.startswith(b"\x7fELF\x02\x01"):
            return
        (segments,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(segments)
        places = (struct.unpack_from("<8xQ16xQ", file.read(size)) for _ in range(count))
        end = max(offset + length for offset, length in places)
        struct.pack_into("<Q", header, 40, 0)
        struct.pack_into("<HH", header, 60, 0, 0)
        file.truncate(max(end, segments + size * count))
        file.seek(0)
        file.write(header)


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
