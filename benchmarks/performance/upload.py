"""The upload of a model's size to a real block store, beside GitHub's own client."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hosted import is_here
from models import BERT
from tables import ratio, spread, table
from watch import run

from onnx_export_action.hashing import sha256_of
from tests.integration.artifact_server import running
from tests.integration.azurite import running_azurite

Line = dict[str, Any]

_HERE = Path(__file__).parent
_OURS = "this program"
_NEWER = "--skipApiVersionCheck"  # GitHub's client asks for a newer version of the store than Azurite knows
_TITLES = {"official": "`@actions/artifact` as it is", "stored": "the same, `compressionLevel: 0`"}


def measure(cache: Path, runs: int) -> Iterator[Line]:
    """Ours and theirs in turns, each as a whole process; every turn begins with an empty store."""
    if not is_here():
        return
    folder, hashes = BERT.make(cache), cache / "hashes.json"
    hashes.write_text(json.dumps({path.name: sha256_of(path) for path in folder.iterdir()}), encoding="utf-8")
    theirs = ["node", str(_HERE / "upload_artifact.mjs")]
    commands = {
        "ours": [sys.executable, str(_HERE / "upload_artifact.py"), "ours", str(folder), str(hashes)],
        "official": [*theirs, "official", str(folder)],
        "stored": [*theirs, "stored", str(folder), "0"],
    }
    for turn in range(runs):
        order = [*commands.items()][turn % 3 :] + [*commands.items()][: turn % 3]
        yield _turn(cache, dict(order))


def _turn(cache: Path, commands: dict[str, list[str]]) -> Line:
    line: Line = {"bytes": sum(file.stat().st_size for file in (cache / BERT.name).iterdir())}
    with (
        tempfile.TemporaryDirectory(dir=cache, prefix="store-") as store,
        running_azurite(Path(store), _NEWER) as azurite,
        running(store=azurite.sign, takes_mime_types=True) as service,
    ):
        for side, command in commands.items():
            log = cache / f"upload-{side}.log"
            found = run(command, cache, log, variables={**service.environment(), "GITHUB_WORKSPACE": str(cache)})
            print(f"{log.stem}: {found}", flush=True)
            if side not in service.finished():
                raise SystemExit(f"{log} tells why nothing was uploaded")
            line[side] = {"seconds": found.seconds}
    return line


def shown(lines: list[Line]) -> str:
    """A table of the three, with ratios of the pairs: theirs to ours, so how many times as fast ours is."""
    ours, *theirs = ([line[side]["seconds"] for line in lines] for side in ("ours", *_TITLES))
    rows = [(_OURS, spread(ours, "s"), "")]
    rows += [
        (title, spread(seconds, "s"), ratio(seconds, ours))
        for title, seconds in zip(_TITLES.values(), theirs, strict=True)
    ]
    size = f"{lines[-1]['bytes'] / 1e6:.0f} MB"
    text = (
        f"{size} of weights to a block store (Azurite) on this machine, each program a process of its own, in turns; "
        "ours also holds every file to its manifest's SHA-256 while it sends it."
    )
    columns = ("program", "wall time", "times that of this program")
    return "\n\n".join(("## Uploading", text, table(columns, rows), f"{len(lines)} turns."))
