"""A model of the Hub: pinned to a commit, only the needed files, each proven by its hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, hf_hub_download, is_offline_mode
from huggingface_hub.errors import RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile

from onnx_export_action.errors import RunError, SurroundingsError, UsageError
from onnx_export_action.log import Log
from onnx_export_action.records import Model
from onnx_export_action.settings import Settings
from onnx_export_action.sources import directory, weights
from onnx_export_action.sources.capacity import check_disk
from onnx_export_action.sources.companions import is_companion
from onnx_export_action.sources.hashing import sha256_of
from onnx_export_action.sources.hub_client import configure
from onnx_export_action.sources.hub_errors import explain, unknown_revision
from onnx_export_action.sources.hub_progress import progress_into

_FULL_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONNECTIONS = 4
_LARGE = 10**8


def read(settings: Settings, *, endpoint: str, cache: Path, log: Log) -> Model:
    """The model's record after a download of what an export needs, and of nothing else."""
    _check_allowed(settings)
    configure(endpoint, log)
    repository = _Repository(settings, endpoint, cache, log)
    try:
        commit = repository.commit()
        folder = repository.fetch(commit)
    except RunError:
        raise
    except Exception as error:  # whatever the client raises is a failure of the network, the disk or the Hub
        raise explain(error, settings.model, with_token=settings.hf_token is not None) from error
    return directory.describe(folder, settings, log, name=settings.model, revision=commit)


def _check_allowed(settings: Settings) -> None:
    if settings.trust_remote_code and not _FULL_COMMIT.fullmatch(settings.revision or ""):
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


@dataclass(frozen=True)
class _Repository:
    settings: Settings
    endpoint: str
    cache: Path
    log: Log

    @property
    def _token(self) -> str | bool:
        """False, not None: None would send whatever token lies about on the machine."""
        token = self.settings.hf_token
        return token.get_secret_value() if token is not None else False

    @property
    def _api(self) -> HfApi:
        return HfApi(endpoint=self.endpoint, token=self._token, library_name="onnx-export-action")

    def commit(self) -> str:
        """The full commit of the wanted revision: all that follows is asked for by it."""
        wanted = self.settings.revision
        try:
            commit = self._api.model_info(self.settings.model, revision=wanted, timeout=30).sha
        except RevisionNotFoundError:
            raise unknown_revision(self.settings.model, wanted or "main", self._revisions()) from None
        if commit is None or not _FULL_COMMIT.fullmatch(commit):
            raise ValueError("no commit in the answer")
        self.log.line(f"{self.settings.model} at {wanted or 'main'} is commit {commit}.")
        return commit

    def fetch(self, commit: str) -> Path:
        """The local folder with the needed files: the small ones first, since they may already say no."""
        files = self._files(commit)
        index = {name for name in files if name in weights.CANDIDATES and name.endswith(".json")}
        small = [name for name in files if name in index or self._is_small(name)]
        if "config.json" not in files:
            raise UsageError(
                f"the model {self.settings.model!r} has no config.json" + self._in_subfolder() + ".",
                "Name a model that transformers can load, or set `subfolder`.",
            )
        chosen = weights.choose(name for name in files if "/" not in name)
        folder = self._download(commit, [files[name] for name in small])
        directory.inspect(folder, self.settings)
        names = weights.shard_names(folder / chosen) if chosen in index else (chosen,)
        missing = [name for name in names if name not in files]
        if missing:
            raise UsageError(
                f"{len(missing)} weight files that {chosen} names are not in the model, such as {missing[0][:80]}.",
                "Use another revision, or tell the model's owner.",
            )
        return self._download(commit, [files[name] for name in names])

    def _files(self, commit: str) -> dict[str, RepoFile]:
        """The repository's files by their name in the wanted folder."""
        tree = self._api.list_repo_tree(
            self.settings.model, self._prefix or None, revision=commit, recursive=self.settings.trust_remote_code
        )
        entries = (entry for entry in tree if isinstance(entry, RepoFile))
        return {PurePosixPath(entry.path).relative_to(self._prefix).as_posix(): entry for entry in entries}

    def _download(self, commit: str, files: Sequence[RepoFile]) -> Path:
        self.cache.mkdir(parents=True, exist_ok=True)
        needed = sum(file.size for file in files if not self._local(commit, file).exists())
        check_disk(self.cache, needed, f"the download of {self.settings.model}")
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            jobs = [pool.submit(self._download_one, commit, file) for file in files]
            try:
                for job in jobs:
                    job.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        return self._snapshot(commit) / self._prefix

    def _download_one(self, commit: str, file: RepoFile) -> None:
        """Download a file and prove it; a second time from scratch when its content is not what was promised."""
        for attempt in (1, 2):
            path = Path(
                hf_hub_download(
                    self.settings.model,
                    file.path,
                    revision=commit,
                    endpoint=self.endpoint,
                    token=self._token,
                    cache_dir=self.cache,
                    library_name="onnx-export-action",
                    tqdm_class=progress_into(self.log if file.size >= _LARGE else None, file.path),
                )
            )
            if _is_intact(path, file):
                return
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            self.log.line(f"{file.path} arrived damaged" + ("; fetching it again." if attempt == 1 else "."))
        raise SurroundingsError(
            f"{file.path} of {self.settings.model!r} arrived twice with a wrong size or hash.",
            "Run the job again, or check the proxy.",
        )

    def _revisions(self) -> list[str]:
        """Names to suggest; an answer less is no second error."""
        with suppress(Exception):
            refs = self._api.list_repo_refs(self.settings.model)
            return [ref.name for ref in (*refs.branches, *refs.tags)]
        return []

    def _is_small(self, name: str) -> bool:
        """Companions lie beside the weights; code may lie deeper, and is only listed when it is trusted."""
        if name.endswith(".py"):
            return self.settings.trust_remote_code
        return "/" not in name and is_companion(name)

    @property
    def _prefix(self) -> str:
        return (self.settings.subfolder or "").strip("/")

    def _in_subfolder(self) -> str:
        return f" in {self._prefix!r}" if self._prefix else ""

    def _snapshot(self, commit: str) -> Path:
        return self.cache / f"models--{self.settings.model.replace('/', '--')}" / "snapshots" / commit

    def _local(self, commit: str, file: RepoFile) -> Path:
        return self._snapshot(commit) / file.path


def _is_intact(path: Path, file: RepoFile) -> bool:
    """Big files are known by their SHA-256, the others by the hash that git gives them."""
    if path.stat().st_size != file.size:
        return False
    if file.lfs is not None:
        return sha256_of(path) == file.lfs.sha256
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == file.blob_id
