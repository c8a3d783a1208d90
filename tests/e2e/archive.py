"""An artifact's archive: its files, and whether they are what its manifest says."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping


def files(archive: bytes) -> dict[str, bytes]:
    """The files by their names."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def assert_holds_its_manifest(bundle: Mapping[str, bytes]) -> None:
    """Every file that the manifest names is there, as the manifest says, and the report calls it a pass."""
    named = json.loads(bundle["manifest.json"])["files"]
    assert {"model.onnx", "config.json", "tokenizer.json"} <= {file["path"] for file in named}
    assert all(sha256(bundle[file["path"]]) == file["sha256"] for file in named)
    assert json.loads(bundle["report.json"])["verdict"] == "pass"


def sha256(content: bytes) -> str:
    """The hash as manifests and outputs write it."""
    return hashlib.sha256(content).hexdigest()
