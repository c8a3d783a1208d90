"""A folder as `save_pretrained` writes it."""

from __future__ import annotations

from pathlib import Path

from onnx_export_action.errors import UsageError
from onnx_export_action.log import Log
from onnx_export_action.records import File, Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources import task, weights
from onnx_export_action.sources.config import Config, check_code, read_config
from onnx_export_action.sources.names import check_links, shown_name


def subfolder_of(folder: Path, subfolder: str | None) -> Path:
    """The folder itself or a folder inside it."""
    inner = (folder / (subfolder or "")).resolve()
    if not inner.is_relative_to(folder.resolve()):
        raise UsageError(
            f"subfolder {subfolder!r} leads outside the model's folder.", "Name a folder inside the model."
        )
    if not inner.is_dir():
        raise UsageError(f"the model has no folder {subfolder!r}.", "Correct `subfolder`.")
    return inner


def read(folder: Path, settings: Settings, log: Log) -> Model:
    """The model in a local folder, named after its place in the workspace."""
    return describe(folder, settings, log, name=shown_name(folder, settings.workspace), revision=None)


def describe(folder: Path, settings: Settings, log: Log, *, name: str, revision: str | None) -> Model:
    """The record of a folder after every check that needs no framework; its weights are not hashed yet."""
    config, wanted = inspect(folder, settings)
    files = weights.find(folder)
    if any(weights.is_pickle(file) for file in files):
        log.warning(
            "The weights exist only as a pickle, which torch's weights-only loader opens; "
            "safetensors would be safer and faster."
        )
    return Model(
        id=name,
        path=str(folder.resolve()),
        revision=revision,
        task=wanted,
        architecture=task.architecture_of(config) or config["model_type"],
        model_type=config["model_type"],
        weights=tuple(File(path=file.name, size_bytes=file.stat().st_size, sha256="") for file in files),
    )


def inspect(folder: Path, settings: Settings) -> tuple[Config, str]:
    """The configuration and the task, when both can be used; weights are not looked at."""
    check_links(folder, settings.workspace)
    config = read_config(folder)
    check_code(config, trusted=settings.trust_remote_code)
    return config, task.choose(settings.task, config)
