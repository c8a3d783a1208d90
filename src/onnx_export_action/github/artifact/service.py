"""The five calls of GitHub's artifact service, in Twirp's JSON: POST, snake_case, 64-bit numbers as strings."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

import httpx2

from onnx_export_action.github.artifact.calls import Answer, Call, Caller, refusal
from onnx_export_action.github.artifact.failure import NameTaken, NoService, Refused, UploadFailed

_SCOPE = "Actions.Results"
_PATH = "/twirp/github.actions.results.api.v1.ArtifactService/"
# Version 4 without a MIME type is what every server takes, and what it means is a zip.
_VERSION = 4


@dataclass(frozen=True)
class Owner:
    """The run and the job that an artifact belongs to, by the service's own ids."""

    run: str
    job: str

    def fields(self) -> dict[str, str]:
        """As every request carries them."""
        return {"workflow_run_backend_id": self.run, "workflow_job_run_backend_id": self.job}


@dataclass(frozen=True)
class Listed:
    """An artifact that the run has."""

    owner: Owner
    id: int
    name: str
    size: int
    digest: str


@dataclass(frozen=True)
class ArtifactService:
    """The service of one run; `mask` keeps signatures out of the log before anything is printed."""

    caller: Caller
    origin: str
    token: str
    owner: Owner
    mask: Callable[[str], None]

    def create(self, name: str, expires_at: datetime | None) -> str:
        """Reserve a name; the signed address that its bytes go to. Raises NameTaken."""
        expiry = {} if expires_at is None else {"expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        found = self._call("CreateArtifact", {"name": name, **expiry, "version": _VERSION})
        address = str(_field(found, "signed_upload_url", ""))
        if not _field(found, "ok", False) or not is_address(address):
            raise UploadFailed("CreateArtifact gave no address to send the artifact to.")
        for secret in signatures_in(address):
            self.mask(secret)
        return address

    def finalize(self, name: str, size: int, digest: str) -> int:
        """Tell that all bytes are there; the artifact's id."""
        request = {"name": name, "size": str(size), "hash": f"sha256:{digest}"}
        try:
            found = self._call("FinalizeArtifact", request)
        except UploadFailed:
            # It may have been done although its answer was lost: then the artifact is listed, and complete.
            finished = self._finished(name, size, digest)
            if finished is None:
                raise
            return finished
        if not _field(found, "ok", False):
            raise UploadFailed("FinalizeArtifact did not take the artifact.")
        return _number(found, "artifact_id")

    def find(self, name: str) -> list[Listed]:
        """The run's artifacts of that name, the newest first."""
        found = self._call("ListArtifacts", {"name_filter": name})
        entries = found.get("artifacts") or []
        listed = [_listed(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        return sorted((entry for entry in listed if entry.name == name), key=lambda entry: -entry.id)

    def delete(self, artifact: Listed) -> None:
        """Remove an artifact; one that is gone already is no error."""
        try:
            self._call("DeleteArtifact", {"name": artifact.name}, artifact.owner)
        except Refused as refused:
            if refused.status != 404:
                raise

    def _finished(self, name: str, size: int, digest: str) -> int | None:
        try:
            listed = self.find(name)
        except UploadFailed:
            return None
        same = (entry for entry in listed if entry.size == size and entry.digest in (f"sha256:{digest}", ""))
        return next((entry.id for entry in same), None)

    def _call(self, method: str, request: dict[str, Any], owner: Owner | None = None) -> dict[str, Any]:
        body = json.dumps({**(owner or self.owner).fields(), **request}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        call = Call(method, "POST", f"{self.origin}{_PATH}{method}", headers, body)
        answer = self.caller.patiently(call, readable=lambda answer: not answer.ok or _json(answer) is not None)
        found = _json(answer)
        if answer.ok:
            if found is None:
                raise UploadFailed(f"{method} was answered with something that is not JSON.")
            return found
        said = str((found or {}).get("msg", ""))[:200].replace(self.token, "***")
        if answer.status == 409:
            raise NameTaken(f"{method}: an artifact of this name exists already.")
        if "insufficient usage" in said:
            raise Refused("The account's storage for artifacts is used up.", answer.status)
        raise refusal(call, answer, said)


def origin_of(results_url: str) -> str:
    """Only scheme, host and port of the runner's address count."""
    if not is_address(results_url):
        raise UploadFailed("ACTIONS_RESULTS_URL is not an http(s) address.")
    return re.sub(r"(://[^/?#]*).*", r"\1", results_url)


def is_address(text: str) -> bool:
    """Whether a text is an http(s) address that can be sent as it is written."""
    try:
        return bool(httpx2.URL(text).host and re.fullmatch(r"https?://[!-~]+", text))
    except httpx2.InvalidURL:
        return False


def signatures_in(address: str) -> set[str]:
    """What makes a signed address a secret, in each of the forms in which a log may show it."""
    found = re.findall(r"[?&]sig=([^&#]+)", address)
    return {secret for sig in found for secret in (sig, unquote(sig), quote(unquote(sig), safe=""))}


def owner_in(token: str) -> Owner:
    """The ids that the runner's token is for; a server without the service gives a token without them."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        scopes = [scope.split(":") for scope in str(claims["scp"]).split(" ")]
    except (IndexError, KeyError, TypeError, ValueError):
        raise NoService("The runner's token cannot be read.") from None
    scope = next((parts for parts in scopes if parts[0] == _SCOPE), [])
    if len(scope) != 3:
        raise NoService("The runner's token gives no access to an artifact service.")
    return Owner(scope[1], scope[2])


def _json(answer: Answer) -> dict[str, Any] | None:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _field(found: dict[str, Any], name: str, default: object) -> object:
    """A field under its own name, or in the camelCase that some servers answer."""
    first, *rest = name.split("_")
    return found.get(name, found.get(first + "".join(part.title() for part in rest), default))


def _number(found: dict[str, Any], name: str) -> int:
    value = str(_field(found, name, ""))
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise UploadFailed("The artifact service gave an id that is no number.")
    return int(value)


def _listed(entry: dict[str, Any]) -> Listed:
    size = str(_field(entry, "size", "0"))
    return Listed(
        owner=Owner(
            str(_field(entry, "workflow_run_backend_id", "")), str(_field(entry, "workflow_job_run_backend_id", ""))
        ),
        id=_number(entry, "database_id"),
        name=str(_field(entry, "name", "")),
        size=int(size) if size.isascii() and size.isdigit() else 0,
        digest=str(_field(entry, "digest", "") or ""),
    )
