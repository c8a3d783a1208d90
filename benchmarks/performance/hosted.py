"""GitHub on this machine: the API, artifact services and the block store of the end-to-end tests."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT), str(ROOT / "tests" / "e2e")]

import events  # noqa: E402
from hosting import Hosting, hosting  # noqa: E402

__all__ = ["ROOT", "Hosting", "events", "hosted", "is_here"]


def is_here() -> bool:
    """Whether the npm packages that it is made of are installed; says it where they are not."""
    found = (ROOT / "node_modules" / "azurite").is_dir()
    if not found:
        print("skipped: it needs Node and `npm ci`", flush=True)
    return found


@contextmanager
def hosted(cache: Path) -> Iterator[Hosting]:
    """GitHub until the end of the block, with an empty store on the disk of the cache."""
    with tempfile.TemporaryDirectory(dir=cache, prefix="store-") as store, hosting(Path(store)) as github:
        yield github
