"""One hash of everything that determines the result: two runs with the same one would leave the same proven file.

A wrong reuse would be a wrong green check, so whatever might matter is in it; docs/baseline.md says what is not.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

import onnx_export_action
from onnx_export_action.hashing import record_of, sha256_of
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.workers import interpreters

# To be raised where the meaning of the parts changes.
_FORMAT = 1

# The inputs that the file or its proof depends on.
DETERMINING = (
    *(
        "exporter",
        "opset",
        "dtype",
        "target",
        "target_check",
        "cross_check",
        "also_check",
        "variants",
        "merged_decoder",
    ),
    *("atol", "rtol", "batch_sizes", "sequence_lengths", "threads"),
)
# The inputs that it does not depend on. A new input belongs into one of the two; a test asks for it.
INDIFFERENT = {
    "onnx_file": "a file that exists already has no fingerprint at all",
    "mode": "another mode exports nothing",
    "model": "where it lies; its files are hashed",
    "task": "the task that it stands for is in",
    "revision": "the files that it names are hashed",
    "subfolder": "the files in it are hashed",
    "trust_remote_code": "what runs trusted code has no fingerprint at all",
    "example_inputs": "its content is hashed",
    "samples": "their content is hashed",
    "requirements": "what runs a factory has no fingerprint at all",
    "timeout": "ends an attempt, and changes no file",
    "output_dir": "a place",
    "benchmark_seconds": "how long is measured",
    "fail_on": "decided anew on every run",
    "on_undecided": "decided anew on every run",
    "upload_artifact": "what is done with the files",
    "artifact_name": "what is done with the files",
    "retention_days": "what is done with the files",
    "overwrite": "what is done with the files",
    "release_assets": "what is done with the files",
    "baseline": "what the files are compared with",
    "reuse": "whether this hash is used",
    "comment": "what is said of the files",
    "github_token": "a secret",
    "hf_token": "a secret",
    "config": "what it says of a model is in the other inputs",
    "name": "what the files are called by",
    "workspace": "a place",
}

# Told of a model, and read by nobody who loads it.
_DOCUMENTS = (".md", "license", "license.txt", "notice")


def of(model: Model, settings: Settings) -> str:
    """The fingerprint as 64 hexadecimal digits; empty where there can be none.

    A ready .onnx is not exported at all, and code, trusted or a factory's, may depend on anything.
    """
    if model.kind in ("onnx", "module") or settings.onnx_file or settings.trust_remote_code:
        return ""
    interpreter = interpreters.tensorflow() if model.framework == "tensorflow" else interpreters.optimum()
    parts = {
        "format": _FORMAT,
        "program": _program(Path(onnx_export_action.__file__).parent),
        "python": platform.python_version(),
        "machine": [platform.system(), platform.machine()],
        "main": _distributions(map(Path, sys.path)),
        "other": _distributions(_folders(interpreter)),
        "also": _distributions(_folders(interpreters.tensorflow())) if settings.also_check else [],
        "settings": {name: getattr(settings, name) for name in DETERMINING},
        "task": model.task,
        "files": _files(model),
        "examples": [[file.name, sha256_of(file)] for file in _own_files(settings)],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _program(package: Path) -> str:
    """Our own code by its content: the version stays the same from one commit to the next."""
    sources = sorted((path.relative_to(package).as_posix(), path) for path in package.rglob("*.py"))
    whole = hashlib.sha256()
    for name, path in sources:
        whole.update(f"{name}\0{record_of(path, name).sha256}\n".encode())
    return whole.hexdigest()


def _distributions(folders: Iterable[Path]) -> list[str]:
    """The installed libraries as `name-version`, by the folders in which installers note them."""
    return sorted({entry.stem for folder in folders for entry in folder.glob("*.dist-info")})


def _folders(interpreter: Path) -> Iterable[Path]:
    return interpreter.parent.parent.glob("lib/python3*/site-packages")


def _own_files(settings: Settings) -> list[Path]:
    """The user's files beside the model, and those of a folder with samples."""
    found = [sorted(path.iterdir()) if path.is_dir() else [path] for path in settings.own_files]
    return [file for files in found for file in files if file.is_file()]


def _files(model: Model) -> list[list[str]]:
    """The files beside the weights by name and hash: loaders read those of the model's own folder, and none below."""
    known = {file.path: file.sha256 for file in model.weights}
    folder = Path(model.path)
    inside = folder.iterdir() if folder.is_dir() else ()  # a saved program is one file
    beside = (path for path in inside if path.name not in known and path.is_file())
    hashes = {path.name: record_of(path, path.name).sha256 for path in beside if _counts(path.name)}
    return [[name, digest] for name, digest in sorted({**known, **hashes}.items())]


def _counts(name: str) -> bool:
    return not name.startswith(".") and not name.lower().endswith(_DOCUMENTS)
