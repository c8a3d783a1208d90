"""Tiny models on disk and a log that remembers, for the tests of the sources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from onnx_export_action import settings as inputs
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources import resolve

CONFIG: dict[str, Any] = {"model_type": "bert", "architectures": ["BertForMaskedLM"]}
WEIGHTS = save({"a.weight": np.arange(12, dtype=np.float32).reshape(3, 4), "b.bias": np.ones(5, np.float16)})
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"


class RecordingLog:
    """Every line and warning, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        self.lines.append(title)
        yield

    def line(self, text: str) -> None:
        self.lines.append(text)

    def output(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def error(self, text: str) -> None:
        self.lines.append(text)


def write_model(folder: Path, config: object = None, files: Mapping[str, bytes] | None = None) -> Path:
    """A folder with a configuration and the given files; whole weights when none are given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG if config is None else config))
    for name, content in ({"model.safetensors": WEIGHTS} if files is None else files).items():
        (folder / name).write_bytes(content)
    return folder


def settings_for(workspace: Path, model: str = "m", **others: str) -> Settings:
    """Settings as a workflow would give them."""
    given = {name.replace("_", "-"): value for name, value in others.items()}
    return inputs.parse({"model": model, **given}, workspace)


def resolve_in(
    workspace: Path,
    model: str = "m",
    *,
    log: RecordingLog | None = None,
    endpoint: str = "http://127.0.0.1:9",
    **others: str,
) -> Model:
    """The model that these inputs name; by default no Hub listens."""
    return resolve(
        settings_for(workspace, model, **others),
        hub_endpoint=endpoint,
        cache=workspace / ".cache",
        log=log or RecordingLog(),
    )
