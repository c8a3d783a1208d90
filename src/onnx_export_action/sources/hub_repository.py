"""One repository of the Hub: its commits, its list of files, and downloads that are proven by their hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.hashing import sha256_of
from onnx_export_action.log import Log
from onnx_export_action.sources.capacity import check_disk
from onnx_export_action.sources.hub_errors import unknown_revision
from onnx_export_action.sources.hub_progress import progress_into

FULL_COMMIT = re.compile(r"[0-9a-f]{40}")

_LIBRARY = "onnx-export-action"
_CONNECTIONS = 4
# Smaller files are there before a line about them is read.
_LARGE = 10**8


@dataclass(frozen=True)
class Repository:
    """A model's repository, or a folder in it, seen through a cache on this machine."""

    name: str
    subfolder: str
    endpoint: str
    token: str | None = field(repr=False)
    cache: Path
    log: Log

    def commit_of(self, revision: str | None) -> str:
        """The full commit of a branch, a tag or a commit: all that follows is asked for by it."""
        try:
            commit = self._api.model_info(self.name, revision=revision, timeout=30).sha or ""
        except RevisionNotFoundError:
            raise unknown_revision(self.name, revision or "main", self._revisions()) from None
        if not FULL_COMMIT.fullmatch(commit) or (FULL_COMMIT.fullmatch(revision or "") and commit != revision):
            raise ValueError("not the commit that was asked for")
        self.log.line(f"{self.name} at {revision or 'main'} is commit {commit}.")
        return commit

    def files(self, commit: str, *, with_folders: bool) -> dict[str, RepoFile]:
        """The files of a commit by their name in the subfolder."""
        tree = self._api.list_repo_tree(self.name, self.subfolder or None, revision=commit, recursive=with_folders)
        entries = (entry for entry in tree if isinstance(entry, RepoFile))
        return {PurePosixPath(entry.path).relative_to(self.subfolder).as_posix(): entry for entry in entries}

    def download(self, commit: str, files: Sequence[RepoFile]) -> Path:
        """The local folder that holds these files, whole, under their final names."""
        self.cache.mkdir(parents=True, exist_ok=True)
        snapshot = self.cache / f"models--{self.name.replace('/', '--')}" / "snapshots" / commit
        needed = sum(file.size for file in files if not (snapshot / file.path).exists())
        check_disk(self.cache, needed, f"the download of {self.name}")
        pool = ThreadPoolExecutor(_CONNECTIONS)
        try:
            for job in [pool.submit(self._download_one, commit, file) for file in files]:
                job.result()
        finally:
            # Not waited for: after a failure or in a cancelled job nobody needs what is still on its way.
            pool.shutdown(wait=False, cancel_futures=True)
        return snapshot / self.subfolder

    def _download_one(self, commit: str, file: RepoFile) -> None:
        """Fetch a file and prove it; a second time from scratch when its content is not what was promised."""
        for attempt in (1, 2):
            path = self._fetch(commit, file)
            if _is_intact(path, file):
                return
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            self.log.line(f"{file.path} is damaged" + ("; fetching it again." if attempt == 1 else "."))
        raise SurroundingsError(
            f"{file.path} of {self.name!r} arrived twice with a wrong size or hash.",
            "Run the job again, or check the proxy.",
        )

    def _fetch(self, commit: str, file: RepoFile) -> Path:
        return Path(
            hf_hub_download(
                self.name,
                file.path,
                revision=commit,
                endpoint=self.endpoint,
                token=self._explicit_token,
                cache_dir=self.cache,
                library_name=_LIBRARY,
                tqdm_class=progress_into(self.log if file.size >= _LARGE else None, file.path),
            )
        )

    def _revisions(self) -> list[str]:
        """Names to suggest; a failure to get them is no second error."""
        with suppress(Exception):
            refs = self._api.list_repo_refs(self.name)
            return [ref.name for ref in (*refs.branches, *refs.tags)]
        return []

    @property
    def _api(self) -> HfApi:
        return HfApi(endpoint=self.endpoint, token=self._explicit_token, library_name=_LIBRARY)

    @property
    def _explicit_token(self) -> str | bool:
        """False, not None: None would send whatever token lies about on the machine."""
        return self.token if self.token is not None else False


def _is_intact(path: Path, file: RepoFile) -> bool:
    """Big files are known by their SHA-256, the others by the hash that git gives them."""
    if path.stat().st_size != file.size:
        return False
    if file.lfs is not None:
        return sha256_of(path) == file.lfs.sha256
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == file.blob_id
