"""A library without its symbols for linkers is loaded as before."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pydantic_core
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "slim.py"


@pytest.fixture(scope="module")
def slim() -> ModuleType:
    specification = importlib.util.spec_from_file_location("slim", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_strip_symbols__leaves_what_the_loader_reads(slim: ModuleType, tmp_path: Path) -> None:
    (library,) = Path(pydantic_core.__file__).parent.glob("_pydantic_core*.so")
    copy = Path(shutil.copy(library, tmp_path))
    slim.strip_symbols(copy)
    size = copy.stat().st_size
    assert size < library.stat().st_size
    slim.strip_symbols(copy)
    assert copy.stat().st_size == size
    # In a process of its own: a library that was cut wrongly ends it.
    found = subprocess.run(
        [sys.executable, "-c", f"import ctypes; print(ctypes.CDLL({str(copy)!r}).PyInit__pydantic_core)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PyInit__pydantic_core" in found.stdout or "_FuncPtr" in found.stdout


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(80), b"/* linker script */"])
def test_strip_symbols__what_is_no_elf_64_stays(slim: ModuleType, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "library.so"
    file.write_bytes(content)
    slim.strip_symbols(file)
    assert file.read_bytes() == content
