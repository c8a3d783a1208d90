"""A model of the Hub: pinned to a commit, refused before its weights are fetched, and only what is needed of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from huggingface_hub import is_offline_mode
from huggingface_hub.hf_api import RepoFile

from onnx_export_action.errors import RunError, SurroundingsError, UsageError
from onnx_export_action.log import Log
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources import directory, weights
from onnx_export_action.sources.companions import is_companion
from onnx_export_action.sources.hub_client import configure
from onnx_export_action.sources.hub_errors import explain
from onnx_export_action.sources.hub_repository import FULL_COMMIT, Repository


def read(settings: Settings, *, endpoint: str, cache: Path, log: Log) -> Model:
    """The model's record after a download of what an export needs, and of nothing else."""
    _check_allowed(settings)
    configure(endpoint, log)
    token = settings.hf_token.get_secret_value() if settings.hf_token is not None else None
    repository = Repository(
        settings.model, (settings.subfolder or "").strip("/"), endpoint.rstrip("/"), token, cache, log
    )
    try:
        commit = repository.commit_of(settings.revision)
        folder = _fetch(repository, commit, settings)
    except RunError:
        raise
    except Exception as error:  # whatever the client raises is a failure of the network, the disk or the Hub
        raise explain(error, settings.model, with_token=token is not None) from error
    return directory.describe(folder, settings, log, name=settings.model, revision=commit)


def _check_allowed(settings: Settings) -> None:
    if settings.trust_remote_code and not FULL_COMMIT.fullmatch(settings.revision or ""):
        raise UsageError(
            "trust-remote-code: the code of a Hub model is only run when its `revision` is a full commit of 40 digits.",
            "Set `revision` to the commit whose code you have read.",
        )
    if ".." in PurePosixPath(settings.subfolder or "").parts:
        raise UsageError(
            f"subfolder {settings.subfolder!r} leads outside the model.", "Name a folder inside the model."
        )
    if is_offline_mode():
        raise SurroundingsError(
            f"the Hub model {settings.model!r} cannot be fetched: HF_HUB_OFFLINE is set.",
            "Unset it, or give the model as a folder of the workspace.",
        )


def _fetch(repository: Repository, commit: str, settings: Settings) -> Path:
    """The local folder with the needed files: the small ones first, since they may already say no."""
    trusted = settings.trust_remote_code
    files = repository.files(commit, with_folders=trusted)
    if "config.json" not in files:
        where = f" in {repository.subfolder!r}" if repository.subfolder else ""
        raise UsageError(
            f"the model {repository.name!r} has no config.json{where}.",
            "Name a model that transformers can load, or set `subfolder`.",
        )
    chosen = weights.choose(name for name in files if "/" not in name)
    small = [name for name in files if _is_small(name, trusted) or (name == chosen and name.endswith(".json"))]
    folder = repository.download(commit, [files[name] for name in small])
    directory.inspect(folder, settings)
    return repository.download(commit, [files[name] for name in _weight_names(folder, chosen, files)])


def _is_small(name: str, trusted: bool) -> bool:
    """Companions lie beside the weights; code may lie deeper, and is fetched only when it is trusted."""
    if name.endswith(".py"):
        return trusted
    return "/" not in name and is_companion(name)


def _weight_names(folder: Path, chosen: str, files: Mapping[str, RepoFile]) -> tuple[str, ...]:
    names = weights.shard_names(folder / chosen) if chosen.endswith(".json") else (chosen,)
    missing = [name for name in names if name not in files]
    if missing:
        raise UsageError(
            f"{len(missing)} weight files that {chosen} names are not in the model, such as {missing[0][:80]}.",
            "Use another revision, or tell the model's owner.",
        )
    return names
