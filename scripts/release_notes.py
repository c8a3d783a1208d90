"""Prints what the changelog says of a version; refuses one that the project or the changelog does not have.

Usage: python3 scripts/release_notes.py VERSION
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.]+)?")


def notes(version: str, changelog: str, project: str, package: str) -> str:
    """The changelog's section of the version, without its heading."""
    if not VERSION.fullmatch(version):
        raise SystemExit(f"{version!r} is not a version like 1.2.3.")
    known = {"pyproject.toml": _in_project(project), "the package": _in_package(package)}
    for place, found in known.items():
        if found != version:
            raise SystemExit(f"{place} says {found}, not {version}.")
    section = re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.+?)(?=^## |\Z)", changelog, re.M | re.S)
    if section is None or not section[1].strip():
        raise SystemExit(f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD' with a text.")
    return f"{section[1].strip()}\n"


def _in_project(text: str) -> str:
    return str(tomllib.loads(text)["project"]["version"])


def _in_package(text: str) -> str:
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return found[1] if found else "nothing"


if __name__ == "__main__":
    files = ("CHANGELOG.md", "pyproject.toml", "src/onnx_export_action/__init__.py")
    print(notes(sys.argv[1], *((ROOT / name).read_text(encoding="utf-8") for name in files)), end="")
