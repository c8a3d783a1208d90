"""Artifacts of a repository by GitHub's documented routes: listed, and opened without downloading the whole.

Imported only where it is called, as PyGithub takes a second.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field

from onnx_export_action.github import rest
from onnx_export_action.github.artifact.calls import Answer, Call, Caller, Limits
from onnx_export_action.github.artifact.extract import readable
from onnx_export_action.github.artifact.failure import UploadFailed
from onnx_export_action.github.artifact.remote import Blob
from onnx_export_action.github.artifact.service import is_address, signatures_in
from onnx_export_action.github.failure import Failed, Missing, ReadOnly
from onnx_export_action.log import Log

_PAGES = 10
_A_PAGE = 100
_WHOLE_BYTES = 8 << 30
_PIECE = 1 << 20
_PATIENCE = Limits(attempts=3, all_pauses=120)


class NoArchive(Failed):
    """A file that was uploaded as it is: nothing of ours."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Origin(_Part):
    """The run that an artifact belongs to; a branch's name proves nothing, as a fork may have one of that name."""

    id: int = 0
    repository_id: int | None = None
    head_repository_id: int | None = None
    head_branch: str | None = None
    head_sha: str | None = None


class Artifact(_Part):
    """An artifact as GitHub lists it."""

    id: int
    name: str
    size: int = Field(alias="size_in_bytes")
    expired: bool
    created_at: datetime | None = None
    digest: str | None = Field(None, description="`sha256:` and the hash of the archive; GHES has none.")
    workflow_run: Origin | None = None


class Artifacts:
    """The artifacts of one repository; every method raises a `github.failure.Failed` with a sentence."""

    def __init__(self, api_url: str, token: str, repository: str, log: Log, limits: Limits | None = None) -> None:
        self._base, self._token = f"{api_url}/repos/{repository}/actions", token
        self._github, self._caller = rest.connect(api_url, token), Caller(log, limits or _PATIENCE)
        self._mask: Callable[[str], None] = getattr(log, "add_mask", lambda _: None)

    def close(self) -> None:
        """Close the connections."""
        self._github.close()
        self._caller.close()

    def named(self, name: str) -> list[Artifact]:
        """The repository's artifacts of exactly that name, the newest first, forks' among them."""
        return self._listed(f"{self._base}/artifacts", {"name": name})

    def of_run(self, run: int) -> list[Artifact]:
        """The artifacts of one run, the newest first."""
        return self._listed(f"{self._base}/runs/{run}/artifacts", {})

    @contextmanager
    def open(self, artifact: Artifact, most: int = _WHOLE_BYTES) -> Iterator[zipfile.ZipFile]:
        """The archive, read through ranges; at most `most` bytes are copied where its store knows none."""
        what = f"The artifact {artifact.name[:100]!r}"
        if artifact.expired:
            raise Missing(f"{what} has expired.")
        with tempfile.TemporaryFile() as copy:
            blob = Blob(self._caller, lambda: self._address(artifact.id, what), what)
            try:
                file, whole = blob.opened(copy, most)
            except OSError as error:
                raise Failed(f"{what} cannot be copied: {error.strerror}.") from None
            if whole:
                _check_digest(copy, artifact, what)
            with closing(file):
                if file.read(2) != b"PK":
                    raise NoArchive(f"{what} is no zip archive.")
                with readable(what):
                    archive = zipfile.ZipFile(file)
                with archive:
                    yield archive

    def _listed(self, address: str, query: dict[str, str]) -> list[Artifact]:
        found: list[Artifact] = []
        for page in range(1, _PAGES + 1):
            parameters = {**query, "per_page": _A_PAGE, "page": page}
            entries = rest.read(lambda given=parameters: self._page(address, given), "the artifacts")  # type: ignore[misc]
            found += entries
            if len(entries) < _A_PAGE:
                break
        return sorted(found, key=lambda artifact: -artifact.id)

    def _page(self, address: str, parameters: dict[str, Any]) -> list[Artifact]:
        _, answer = self._github.requester.requestJsonAndCheck("GET", address, parameters)
        return [Artifact.model_validate(entry) for entry in answer["artifacts"]]

    def _address(self, artifact: int, what: str) -> str:
        """The signed address of the archive; the token goes to the API alone, and no redirect is followed with it."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        call = Call(what, "GET", f"{self._base}/artifacts/{artifact}/zip", headers, b"")
        try:
            answer = self._caller.patiently(call, readable=lambda answer: not _is_limit(answer))
        except UploadFailed as failure:
            raise Failed(str(failure)) from None
        if answer.status != 302:
            raise _refusal(answer, what)
        address = answer.headers.get("Location", "")
        if not is_address(address):
            raise Failed(f"GitHub gave no address of {what[0].lower()}{what[1:]}.")
        for secret in signatures_in(address):
            self._mask(secret)
        return address


def _is_limit(answer: Answer) -> bool:
    said = "Retry-After" in answer.headers or b"rate limit" in answer.body
    return answer.status == 429 or (answer.status == 403 and said)


def _refusal(answer: Answer, what: str) -> Failed:
    status = answer.status
    if _is_limit(answer):
        return Failed(f"GitHub's rate limit is reached (status {status}).")
    if status in (401, 403):
        return ReadOnly(f"The token {'is not valid' if status == 401 else 'may not read artifacts'} (status {status}).")
    if status in (404, 410):
        return Missing(f"{what} {'has expired' if status == 410 else 'does not exist'} (status {status}).")
    return Failed(f"GitHub answered {status} about {what[0].lower()}{what[1:]}.")


def _check_digest(copy: IO[bytes], artifact: Artifact, what: str) -> None:
    found = hashlib.sha256()
    copy.seek(0)
    while piece := copy.read(_PIECE):
        found.update(piece)
    if artifact.digest and artifact.digest != f"sha256:{found.hexdigest()}":
        raise Failed(f"{what} is damaged: its SHA-256 is not the one that GitHub lists.")
