"""Attaches a bundle with one sparse file in a process of its own, and prints its cost beyond the imports, in bytes.

`python -m tests.integration.attach_large FOLDER BYTES API TOKEN`
"""

from __future__ import annotations

import sys
from pathlib import Path

from onnx_export_action import settings
from onnx_export_action.github import rest
from onnx_export_action.github.release.attach import attach
from onnx_export_action.github.runner import RunnerLog
from tests.integration.github_api import GitHubApi
from tests.integration.release_case import on_release, write_bundle
from tests.integration.upload_large import peak_bytes


def main(folder: Path, size: int, api: GitHubApi) -> None:
    """Attach, on a release's event."""
    bundle = folder / "onnx-export"
    bundle.mkdir()
    with (bundle / "model.onnx_data").open("wb") as sparse:
        sparse.truncate(size)
    report = write_bundle(bundle, {"model.onnx": b"onnx"})
    chosen = settings.parse({"model": "sentiment", "github-token": api.token}, folder)
    rest.connect(api.url, api.token).close()
    before = peak_bytes()
    attached = attach(report, bundle, chosen, on_release(api, folder), RunnerLog(sys.stderr))
    assert attached.problem is None
    print(peak_bytes() - before)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), GitHubApi(url=sys.argv[3], token=sys.argv[4]))
