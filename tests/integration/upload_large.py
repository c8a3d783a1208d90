"""Uploads one sparse file in a process of its own, and prints what that cost beyond the interpreter, in bytes.

`python -m tests.integration.upload_large FOLDER BYTES`
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import closing
from pathlib import Path

from onnx_export_action.github.artifact.archive import Entry
from onnx_export_action.github.artifact.calls import Caller
from onnx_export_action.github.artifact.service import ArtifactService, origin_of, owner_in
from onnx_export_action.github.artifact.upload import Wanted, upload
from onnx_export_action.github.runner import RunnerLog


def peak_bytes() -> int:
    """The greatest resident set of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(folder: Path, size: int) -> None:
    """Upload, to the service that the environment names."""
    file = folder / "model.onnx_data"
    with file.open("wb") as sparse:
        sparse.truncate(size)
    token, log = os.environ["ACTIONS_RUNTIME_TOKEN"], RunnerLog(sys.stderr)
    with closing(Caller(log)) as caller:
        origin = origin_of(os.environ["ACTIONS_RESULTS_URL"])
        service = ArtifactService(caller, origin, token, owner_in(token), log.add_mask)
        before = peak_bytes()
        upload(Wanted("large", [Entry(file, file.name, size, stored=True)]), service, log)
    print(peak_bytes() - before)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
