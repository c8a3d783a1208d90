"""A repository as people keep them, and the two ways a download ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onnx_export_action.errors import RunError
from onnx_export_action.records import Model
from tests.integration.hub_server import Hub
from tests.unit.sources.models import CONFIG, WEIGHTS, RecordingLog, resolve_in

TOKEN = "hf_secretsecretsecret"
OLD = "2" * 40
NAME = "owner/tiny"


def files(**more: bytes) -> dict[str, bytes]:
    """A repository as people keep them: what is needed, and much that is not."""
    return {
        "config.json": json.dumps(CONFIG).encode(),
        "tokenizer.json": b"{}",
        "vocab.txt": b"[PAD]\nword\n",
        "model.safetensors": WEIGHTS,
        "pytorch_model.bin": b"pickle",
        "model.fp16.safetensors": b"half",
        "tf_model.h5": b"h5",
        "flax_model.msgpack": b"msgpack",
        "onnx/model.onnx": b"onnx",
        "modeling_tiny.py": b"raise SystemExit('never run')",
        "README.md": b"# a card",
        ".gitattributes": b"",
        **{name.replace("__", "."): content for name, content in more.items()},
    }


def fetch(hub: Hub, workspace: Path, log: RecordingLog | None = None, name: str = NAME, **inputs: str) -> Model:
    return resolve_in(workspace, name, log=log, endpoint=hub.endpoint, **inputs)


def failure(hub: Hub, workspace: Path, **inputs: str) -> RunError:
    with pytest.raises(RunError) as caught:
        fetch(hub, workspace, None, NAME, **inputs)
    assert TOKEN not in str(caught.value)
    assert "127.0.0.1/" not in str(caught.value)
    return caught.value


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
