"""Sources: what the user named becomes a local, pinned, safe-to-load `Model`; network access ends here.

Nothing in this package imports a framework: the program has to answer a mistake in a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.log import Log
from onnx_export_action.records import Model
from onnx_export_action.records.model import Kind
from onnx_export_action.settings import Settings
from onnx_export_action.sources import (
    directory,
    factory_file,
    keras_file,
    onnx_file,
    own_files,
    saved_file,
    saved_model,
)
from onnx_export_action.sources.names import is_hub_id, looks_local

# How the name of a model ends that is one file, and no checkpoint.
ONE_FILE = (".onnx", ".py", *saved_file.SUFFIXES, *keras_file.SUFFIXES)


def resolve(settings: Settings, *, hub_endpoint: str, cache: Path, log: Log) -> Model:
    """The model that the settings name: an existing path wins, then a callable in a file, then the Hub."""
    with readable():
        model = _resolve(settings, hub_endpoint, cache, log)
        own_files.check(model, settings)
        return model


@contextmanager
def readable() -> Iterator[None]:
    """While the model's files are read: what the system says against it as the end of the run."""
    try:
        yield
    except OSError as error:
        where = Path(str(error.filename)).name if error.filename else "a file"
        raise SurroundingsError(
            f"the model cannot be read: {where[:80]}: {error.strerror or 'input/output error'}.",
            "Check the rights of the folder and the free space of the disk.",
        ) from error


def read_by_workers(model: Model, settings: Settings) -> tuple[Path, ...]:
    """Every place of the user's that a worker must be able to read."""
    path = Path(model.path)
    return (*_read_of(model.kind, path), *settings.own_files)


def _read_of(kind: Kind, path: Path) -> tuple[Path, ...]:
    if kind == "savedmodel":
        return saved_model.folders(path)
    return (path.parent, path) if kind == "module" else (path,)


def _resolve(settings: Settings, hub_endpoint: str, cache: Path, log: Log) -> Model:
    path = settings.workspace / settings.model
    # os.path, because a name that is too long for the file system is no error here but a Hub id or a typing mistake.
    if os.path.isdir(path):
        _warn_unused(settings, log, "revision")
        folder = directory.subfolder_of(path, settings.subfolder)
        return saved_model.read(folder, settings) if saved_model.fits(folder) else directory.read(folder, settings, log)
    if factory_file.is_named(settings.model):
        _warn_unused(settings, log, "revision", "subfolder")
        return factory_file.read(settings)
    if os.path.exists(path):
        _warn_unused(settings, log, "revision", "subfolder")
        return _file(path, settings)
    if looks_local(settings.model) or not is_hub_id(settings.model):
        raise UsageError(
            f"model not found: {settings.model[:120]!r} is no such folder in the workspace, and not a Hub id.",
            "Paths start at the workspace (check the repository out first); a Hub id is `name` or `owner/name`.",
        )
    # Only a model of the Hub needs its client, and that costs half a second to import.
    from onnx_export_action.sources import hub

    return hub.read(settings, endpoint=hub_endpoint, cache=cache, log=log)


def _file(path: Path, settings: Settings) -> Model:
    """What a file is, by its name; any that is nothing else must be an .onnx."""
    if saved_file.fits(path):
        return saved_file.read(path, settings)
    return keras_file.read(path, settings) if keras_file.fits(path) else onnx_file.read(path, settings)


def _warn_unused(settings: Settings, log: Log, *names: str) -> None:
    for name in names:
        if getattr(settings, name) is not None:
            log.warning(f"The input {name!r} has no meaning for {settings.model!r} and is not used.")
