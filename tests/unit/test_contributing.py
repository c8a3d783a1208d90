"""CONTRIBUTING's map is that of the folders and of the imports."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest

from onnx_export_action import errors
from tests.unit import documents

SOURCE = Path(errors.__file__).parent


def rooms() -> list[str]:
    return [name for name, _ in documents.table("CONTRIBUTING.md", "room", "holds")]


def imports_of(room: str) -> set[str]:
    """The rooms that a room imports."""
    paths = sorted((SOURCE / room).glob("*.py")) if room.endswith("/") else [SOURCE / f"{room}.py"]
    found: set[str] = set()
    for node in itertools.chain.from_iterable(ast.walk(ast.parse(path.read_text())) for path in paths):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("onnx_export_action"):
            inside = (node.module or "").split(".")[1:2]
            found |= set(inside or (alias.name for alias in node.names))
    return found - {"__version__"}


def test_map__names_every_room() -> None:
    entries = [path for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    actual = {f"{path.name}/" if path.is_dir() else path.stem for path in entries}
    assert set(rooms()) == actual - {"__init__"}


@pytest.mark.parametrize("room", rooms())
def test_map__a_room_imports_only_those_above_it(room: str) -> None:
    above = {name.rstrip("/") for name in rooms()[: rooms().index(room) + 1]}
    assert imports_of(room) <= above


def test_map__names_every_folder() -> None:
    named = {name.rstrip("/") for name, _ in documents.table("CONTRIBUTING.md", "folder", "holds")}
    ignored = set(re.findall(r"^/([\w.-]+)$", documents.read(".gitignore"), re.MULTILINE))
    folders = {path.name for path in documents.ROOT.iterdir() if path.is_dir()}
    shown = {name for name in folders if not name.startswith(".") or name in (".ci", ".github")}
    assert named == shown - ignored


def test_commands__are_those_of_the_makefile() -> None:
    named = [command.removeprefix("make ") for command, _ in documents.table("CONTRIBUTING.md", "command", "does")]
    declared = re.findall(r"^([a-z0-9]+):.*## ", documents.read("Makefile"), re.MULTILINE)
    assert sorted(named) == sorted(set(declared) - {"help"})
