"""GitHub's artifact service on this machine: five calls, a block store or a server that appends, and faults on demand.

Where it stores by itself, it judges as the strictest known server does: unknown fields, a wrong size or hash, a token
at the blob's address, and a block that comes twice to a server that appends are all seen.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SIGNATURE = "c2lnbmF0dXJl/+AAAA="
_QUOTED = "c2lnbmF0dXJl%2f%2BAAAA="
_OWNER = {"workflow_run_backend_id", "workflow_job_run_backend_id"}
_FIELDS = {
    "CreateArtifact": {"name", "expires_at", "version"},
    "FinalizeArtifact": {"name", "size", "hash"},
    "ListArtifacts": {"name_filter", "id_filter"},
    "GetSignedArtifactURL": {"name"},
    "DeleteArtifact": {"name"},
}


def token(scopes: str = "Actions.Example Actions.Results:11:22") -> str:
    """A runner's token; nobody checks its signature but the server that gave it."""
    claims = base64.urlsafe_b64encode(json.dumps({"scp": scopes}).encode()).decode().rstrip("=")
    return f"header.{claims}.secretsecretsecret"


@dataclass(frozen=True)
class Fault:
    """What a request gets instead of its answer, with its work done before or not at all."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    reset: bool = False
    truncate: bool = False
    hang: bool = False
    done: bool = False


@dataclass
class Artifact:
    """An artifact under its name: what arrived, and what was said of it at the end."""

    id: int
    name: str
    blocks: dict[str, bytes] = field(default_factory=dict)
    content: bytes = b""
    final: dict[str, Any] | None = None


class ArtifactServer:
    """The service with all that was asked of it; `faults` come by a part of the request's name, in order."""

    def __init__(
        self,
        *,
        appends: bool = False,
        store: Callable[[str, str], str] | None = None,
        keeps: bool = True,
        first_id: int = 1000,
        takes_mime_types: bool = False,
    ) -> None:
        self.appends, self.store, self.keeps, self.first_id = appends, store, keeps, first_id
        self.also_taken = {"mime_type"} if takes_mime_types else set[str]()
        self.artifacts: list[Artifact] = []
        self.requests: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.hanging = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_state": self}))
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        """The service's address."""
        return f"http://127.0.0.1:{self.http.server_port}"

    def environment(self) -> dict[str, str]:
        """What a runner sets for an action."""
        return {
            "ACTIONS_RUNTIME_TOKEN": token(),
            "ACTIONS_RESULTS_URL": f"{self.url}/some/path",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "owner/name",
            "GITHUB_RUN_ID": "7",
        }

    def names(self) -> list[str]:
        """The requests in the order of their arrival."""
        return [name for name, _, _ in self.requests]

    def finished(self) -> dict[str, Artifact]:
        """What a reader of the run's page sees."""
        return {artifact.name: artifact for artifact in self.artifacts if artifact.final is not None}

    def newest(self, name: str) -> Artifact | None:
        """The artifact that a name means."""
        return next((artifact for artifact in reversed(self.artifacts) if artifact.name == name), None)

    def fault_for(self, name: str) -> Fault | None:
        """The next fault that is due for this request."""
        with self.lock:
            return next((faults.pop(0) for part, faults in self.faults.items() if part in name and faults), None)

    def create(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Reserve a name, or the name anew where servers do that."""
        name = request["name"]
        if self.newest(name) is not None and not self.appends:
            return 409, {"code": "already_exists", "msg": "an artifact with this name already exists"}
        if "expires_at" in request and not _is_soon(request["expires_at"]):
            return 400, {"code": "invalid_argument", "msg": "expires_at is not within the days that are allowed"}
        self.artifacts.append(Artifact(self.first_id + len(self.artifacts), name))
        return 200, {"ok": True, "signed_upload_url": self._address(name, "cw")}

    def finalize(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Take the artifact when size and hash are those of what arrived."""
        artifact = self.newest(request["name"])
        if artifact is None or artifact.final is not None:
            return 404, {"code": "not_found", "msg": "no such artifact"}
        told = (int(request["size"]), request["hash"])
        if self.store is None and self.keeps and told != (len(artifact.content), _digest(artifact.content)):
            return 400, {"code": "invalid_argument", "msg": "size or hash mismatch"}
        artifact.final = request
        return 200, {"ok": True, "artifact_id": str(artifact.id)}

    def list(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The run's finished artifacts."""
        wanted = request.get("name_filter"), request.get("id_filter")
        found = [
            {
                "workflow_run_backend_id": "11",
                "workflow_job_run_backend_id": "22",
                "database_id": str(artifact.id),
                "name": artifact.name,
                "size": artifact.final["size"],
                "created_at": "2026-01-01T00:00:00Z",
                "digest": artifact.final["hash"],
            }
            for artifact in self.artifacts
            if artifact.final is not None
            and wanted[0] in (None, artifact.name)
            and wanted[1] in (None, str(artifact.id))
        ]
        return 200, {"artifacts": found} if found else {}

    def sign(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """An address for reading."""
        return 200, {"signed_url": self._address(request["name"], "r")}

    def delete(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Forget an artifact."""
        artifact = self.newest(request["name"])
        if artifact is None:
            return 404, {"code": "not_found", "msg": "no such artifact"}
        self.artifacts.remove(artifact)
        return 200, {"ok": True, "artifact_id": str(artifact.id)}

    def take(self, artifact: Artifact, query: dict[str, list[str]], body: bytes) -> None:
        """A block, or the list of them."""
        with self.lock:
            if query["comp"] == ["block"]:
                artifact.blocks[query["blockid"][0]] = body if self.keeps else b""
                artifact.content += body if self.appends else b""
            elif not self.appends:
                listed = re.findall(rb"<Latest>([^<]+)</Latest>", body)
                artifact.content = b"".join(artifact.blocks[identifier.decode()] for identifier in listed)

    def _address(self, name: str, rights: str) -> str:
        if self.store is not None:
            return self.store(name, rights)
        kind = "" if self.appends else "&sv=2024-01-01&sr=b"
        return f"{self.url}/blobs/{name}?sig={_QUOTED}&expires=2026-01-01+00%3A00%3A00{kind}"


@contextmanager
def running(**options: Any) -> Iterator[ArtifactServer]:
    """A service until the end of the block."""
    server = ArtifactServer(**options)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ArtifactServer

    def do_POST(self) -> None:
        method = self.path.rsplit("/", 1)[-1]
        self._answer(method, lambda body: self._call(method, json.loads(body)))

    def do_PUT(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self._answer(query["comp"][0], lambda body: self._blob(query, body))

    def _answer(self, name: str, work: Callable[[bytes], tuple[int, bytes]]) -> None:
        state, length = self.server_state, int(self.headers["Content-Length"])
        fault = state.fault_for(name) or Fault()
        body = self.rfile.read(length // 2 if fault.reset and not fault.done else length)
        readable = name[0].isupper() and len(body) == length
        with state.lock:
            state.requests.append((name, json.loads(body) if readable else {}, dict(self.headers)))
        faulty = fault != Fault()
        status, answer = work(body) if fault.done or not faulty else (fault.status or 200, b"{}")
        if fault.hang:
            state.hanging.set()
            state.stopped.wait(30)
        if fault.reset or fault.hang:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self._reply(fault.status or status, fault.body if fault.body is not None else answer, fault)

    def _reply(self, status: int, answer: bytes, fault: Fault) -> None:
        self.send_response(status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer) + 9 if fault.truncate else len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = self.close_connection or fault.truncate

    def _call(self, method: str, request: dict[str, Any]) -> tuple[int, bytes]:
        state = self.server_state
        if self.headers["Authorization"] != f"Bearer {token()}":
            return 401, b'{"code": "unauthenticated", "msg": "no"}'
        if not request.keys() >= _OWNER or not request.keys() - _OWNER <= _FIELDS[method] | state.also_taken:
            return 500, b""
        calls = {
            "CreateArtifact": state.create,
            "FinalizeArtifact": state.finalize,
            "ListArtifacts": state.list,
            "GetSignedArtifactURL": state.sign,
            "DeleteArtifact": state.delete,
        }
        with state.lock:
            status, answer = calls[method](request)
        return status, json.dumps(_camel(answer) if state.appends else answer).encode()

    def _blob(self, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        path = urlsplit(self.path)
        if "Authorization" in self.headers or f"sig={_QUOTED}&" not in path.query or query["sig"] != [SIGNATURE]:
            return 403, b"<Error/>"
        artifact = self.server_state.newest(path.path.removeprefix("/blobs/"))
        if artifact is None:
            return 404, b"<Error/>"
        self.server_state.take(artifact, query, body)
        return 201, b""

    def log_message(self, *_: object) -> None:
        """The list of requests is the log."""


def _is_soon(expires_at: str) -> bool:
    left = datetime.fromisoformat(expires_at) - datetime.now(UTC)
    return timedelta() < left < timedelta(days=400)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _camel(answer: dict[str, Any]) -> dict[str, Any]:
    """As servers other than GitHub spell their fields."""
    return {re.sub(r"_(\w)", lambda found: found[1].upper(), name): value for name, value in answer.items()}
