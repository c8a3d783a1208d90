"""A TensorFlow SavedModel: a folder with the graph, its variables and its assets, all of which it needs."""

from __future__ import annotations

import re
from pathlib import Path

from onnx_export_action.errors import UsageError
from onnx_export_action.hashing import record_of
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources.lfs import check_not_pointer
from onnx_export_action.sources.names import check_links, shown_name

_GRAPH = "saved_model.pb"
_OTHER_GRAPHS = ("saved_model.cpb", "saved_model.pbtxt")
_VARIABLES = "variables"
_INDEX = f"{_VARIABLES}.index"
_SHARD = re.compile(rf"{_VARIABLES}\.data-(\d{{5}})-of-(\d{{5}})")
_AGAIN = "Check in the whole folder, `variables/` too, or save the model again."


def fits(folder: Path) -> bool:
    """Whether a folder is a SavedModel; one that also is a checkpoint of transformers is taken for that."""
    graphs = (_GRAPH, *_OTHER_GRAPHS)
    return any((folder / name).is_file() for name in graphs) and not (folder / "config.json").is_file()


def read(folder: Path, settings: Settings) -> Model:
    """The record of a SavedModel that is whole; TensorFlow opens it in a worker."""
    for each in folders(folder):
        check_links(each, settings.workspace)
    if other := next((name for name in _OTHER_GRAPHS if (folder / name).exists()), None):
        raise UsageError(f"the SavedModel's graph is a {other}, and only {_GRAPH} is read.", "Save the model again.")
    files = sorted(path for each in folders(folder) for path in each.iterdir() if path.is_file())
    for file in files:
        check_not_pointer(file)
    _check_graph(folder / _GRAPH)
    _check_variables(folder / _VARIABLES)
    return Model(
        id=shown_name(folder, settings.workspace),
        path=str(folder.resolve()),
        kind="savedmodel",
        task=settings.task,
        architecture="SavedModel",
        weights=tuple(record_of(file, file.relative_to(folder).as_posix()) for file in files),
    )


def folders(folder: Path) -> tuple[Path, ...]:
    """The folder and all in it that belong to the model; links to folders are none of it."""
    inside = (path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())
    return (folder, *sorted(inside))


def _check_graph(file: Path) -> None:
    if file.stat().st_size == 0:
        raise UsageError(f"{file.name} is empty.", _AGAIN)


def _check_variables(folder: Path) -> None:
    """The index and every shard that the names of the shards promise; a graph without variables has no folder."""
    shards = [found for path in sorted(folder.glob("*")) if (found := _SHARD.fullmatch(path.name))]
    index = folder / _INDEX
    if not shards and not index.is_file():
        return
    promised = max((int(shard[2]) for shard in shards), default=1)
    wanted = [_INDEX, *(f"{_VARIABLES}.data-{place:05}-of-{promised:05}" for place in range(promised))]
    if missing := [name for name in wanted if not (folder / name).is_file()]:
        raise UsageError(f"the SavedModel lacks {_VARIABLES}/{missing[0]}.", _AGAIN)
    if empty := [name for name in wanted if (folder / name).stat().st_size == 0]:
        raise UsageError(f"{_VARIABLES}/{empty[0]} is empty.", _AGAIN)
