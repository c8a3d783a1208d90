"""The names of transformers' models, as `scripts/interpreters` has stored them: to list them is to read 3,000 files."""

from __future__ import annotations

import marshal
from pathlib import Path
from typing import Any

FILE = "names.marshal"


def stored(models: Path, version: str) -> dict[frozenset[str], dict[str, set[str]]] | None:
    """By what they need, modules and their names; None where there are none, or those of another version."""
    try:
        of, names = marshal.loads((models / FILE).read_bytes())  # of our own set-up, as the byte-code beside it
    except (OSError, EOFError, TypeError, ValueError):
        return None
    found: dict[Any, Any] = names
    return found if of == version else None
