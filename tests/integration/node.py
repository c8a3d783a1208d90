"""What tests need from npm: there where `make test` found Node, and in CI always."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_MODULES = Path(__file__).parents[2] / "node_modules"


def module(*parts: str) -> Path:
    """A path of an installed npm package; without Node the test is skipped, save in CI, where nothing may go unsaid."""
    path = _MODULES.joinpath(*parts)
    if not path.exists() and os.environ.get("CI") == "true":
        pytest.fail(f"{'/'.join(parts)} is not installed: run `npm ci`")
    if not path.exists():
        pytest.skip(f"needs Node and `npm ci` ({parts[0]})")
    return path
