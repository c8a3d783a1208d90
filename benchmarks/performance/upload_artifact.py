"""Uploads a folder's files as the program does: NAME FOLDER HASHES, the last as JSON in a file."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path

from onnx_export_action.github.artifact.archive import Entry
from onnx_export_action.github.artifact.calls import Caller
from onnx_export_action.github.artifact.service import ArtifactService, origin_of, owner_in
from onnx_export_action.github.artifact.upload import Wanted, upload
from onnx_export_action.github.runner import RunnerLog

_WEIGHTS = ".safetensors"


def main(name: str, folder: Path, hashes: Path) -> None:
    """Upload to the service that the environment names."""
    known = json.loads(hashes.read_text(encoding="utf-8"))
    entries = [
        Entry(path, path.name, path.stat().st_size, path.suffix == _WEIGHTS, known[path.name])
        for path in sorted(folder.iterdir())
    ]
    token, log = os.environ["ACTIONS_RUNTIME_TOKEN"], RunnerLog(sys.stdout)
    with closing(Caller(log)) as caller:
        origin = origin_of(os.environ["ACTIONS_RESULTS_URL"])
        service = ArtifactService(caller, origin, token, owner_in(token), log.add_mask)
        upload(Wanted(name, entries), service, log)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
