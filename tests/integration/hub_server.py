"""A small Hub on this machine: the protocol of huggingface_hub, a second port as its CDN, and faults on demand.

Small files are answered by the Hub itself with an ETag; files that git would keep in LFS are
redirected to the CDN, which must never see a token.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = (".safetensors", ".bin", ".h5", ".msgpack", ".onnx")


@dataclass(frozen=True)
class Fault:
    """What a request gets instead of its answer: a status, or a body that breaks off, or one with a wrong byte."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    keep_bytes: int | None = None
    damaged: bool = False


@dataclass(frozen=True)
class Request:
    """A request that arrived, and at which of the two origins."""

    origin: str
    method: str
    path: str
    authorization: str | None
    range: str | None


@dataclass
class Repository:
    """One model: commits with their files, and the names that point at them."""

    files: dict[str, bytes]
    commit: str = "1" * 40
    refs: dict[str, str] = field(default_factory=dict)
    older: dict[str, dict[str, bytes]] = field(default_factory=dict)
    token: str | None = None
    gated: bool = False

    def commit_of(self, revision: str) -> str | None:
        """The commit that a branch, a tag or a commit means."""
        named = {"main": self.commit, **self.refs}.get(revision, revision)
        return named if named == self.commit or named in self.older else None

    def files_of(self, commit: str) -> dict[str, bytes]:
        """The files of a commit."""
        return self.files if commit == self.commit else self.older[commit]


class Hub:
    """Two origins, what they hold, what was asked of them, and the faults to come by a part of the path."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[Request] = []
        self.faults: dict[str, list[Fault]] = {}
        self.page_size = 1000
        self.next_page_at: str | None = None
        self.lock = threading.Lock()
        self.servers = {
            name: ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, name, answer))
            for name, answer in (("hub", _answer_hub), ("cdn", _answer_cdn))
        }

    @property
    def endpoint(self) -> str:
        """The Hub's address."""
        return self._address("hub")

    @property
    def cdn(self) -> str:
        """The address that big files are redirected to."""
        return self._address("cdn")

    def downloaded(self) -> set[str]:
        """Names of the files whose content was asked for."""
        return {r.path.split("/resolve/")[1].split("/", 1)[1] for r in self.requests if "/resolve/" in r.path}

    def fault_for(self, path: str) -> Fault | None:
        """The next fault that is due for this path."""
        with self.lock:
            return next((faults.pop(0) for part, faults in self.faults.items() if part in path and faults), None)

    def _address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.servers[name].server_port}"


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A Hub that serves until the end of the block."""
    hub = Hub()
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in hub.servers.values()]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server in hub.servers.values():
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fault: Fault | None = None

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer, with the fault of this request if there is one."""
        fault, self.fault = self.fault, None
        if fault is not None and fault.status:
            status, body, headers = fault.status, b"{}", dict(fault.headers)
        if fault is not None and fault.damaged:
            body = bytes([body[0] ^ 1]) + body[1:]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("Content_Length", str(len(body))))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is not None and fault.keep_bytes is not None:
            self.wfile.write(body[: fault.keep_bytes])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def refuse(self, status: int, code: str = "", message: str = "") -> None:
        """Answer with an error in the Hub's way."""
        self.reply(status, json.dumps({"error": message}).encode(), X_Error_Code=code, X_Error_Message=message)

    def reply_json(self, value: object, **headers: str) -> None:
        """Answer with JSON."""
        self.reply(200, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def reply_content(self, content: bytes, **headers: str) -> None:
        """Answer with a file, or the part of it that is asked for."""
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.reply(206 if start else 200, content[start:], **headers)

    def log_message(self, *_: object) -> None:
        """The list of requests is the log."""


def _handler(hub: Hub, origin: str, answer: object) -> type[_Handler]:
    def handle(handler: _Handler) -> None:
        authorization, wanted = handler.headers.get("Authorization"), handler.headers.get("Range")
        hub.requests.append(Request(origin, handler.command, handler.path, authorization, wanted))
        handler.fault = hub.fault_for(f"{handler.command} {origin} {handler.path}")
        answer(hub, handler)  # type: ignore[operator]

    return type("Handler", (_Handler,), {"do_GET": handle, "do_HEAD": handle})


def _answer_cdn(hub: Hub, handler: _Handler) -> None:
    wanted = urlsplit(handler.path).path.removeprefix("/blobs/")
    contents = [content for repo in hub.repositories.values() for content in repo.files.values()]
    content = next((content for content in contents if hashlib.sha256(content).hexdigest() == wanted), None)
    if content is None:
        handler.reply(403)
    else:
        handler.reply_content(content, ETag=f'"{wanted[:32]}"')


def _answer_hub(hub: Hub, handler: _Handler) -> None:
    path = urlsplit(handler.path).path.removeprefix("/api/models").strip("/")
    name = next((name for name in hub.repositories if path == name or path.startswith(f"{name}/")), None)
    token = (handler.headers.get("Authorization") or "").removeprefix("Bearer ")
    if name is None:
        handler.refuse(
            *((404, "RepoNotFound", "Repository not found") if token else (401, "", "Invalid username or password."))
        )
        return
    repository = hub.repositories[name]
    if token and repository.token and token != repository.token:
        handler.refuse(401, "", "Invalid credentials in Authorization header")
    elif repository.gated:
        handler.refuse(403 if token else 401, "GatedRepo", "Access to this model is restricted")
    elif repository.token and not token:
        handler.refuse(401, "", "Invalid username or password.")
    else:
        _answer_repository(hub, handler, repository, name, path.removeprefix(name).strip("/").split("/"))


def _answer_repository(hub: Hub, handler: _Handler, repository: Repository, name: str, parts: list[str]) -> None:
    # Unquoted only now: a slash in a branch's name is quoted, one in a file's path is not.
    kind, revision, rest = parts[0], unquote(parts[1]) if len(parts) > 1 else "main", unquote("/".join(parts[2:]))
    if kind == "refs":
        branches = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": c} for n, c in repository.refs.items()]
        handler.reply_json({"branches": branches, "tags": [], "converts": []})
        return
    commit = repository.commit_of(revision)
    if commit is None:
        handler.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    elif kind == "tree":
        _answer_tree(hub, handler, repository.files_of(commit), rest)
    elif kind == "resolve":
        _answer_file(hub, handler, repository.files_of(commit).get(rest), commit)
    else:
        handler.reply_json(
            {"id": name, "sha": commit, "private": repository.token is not None, "tags": [], "downloads": 0}
        )


def _answer_tree(hub: Hub, handler: _Handler, files: dict[str, bytes], folder: str) -> None:
    query = parse_qs(urlsplit(handler.path).query)
    recursive = query.get("recursive", ["false"])[0].lower() == "true"
    prefix = f"{folder}/" if folder else ""
    inside = sorted(path for path in files if path.startswith(prefix))
    if not inside:
        handler.refuse(404, "EntryNotFound", f"{folder} does not exist")
        return
    entries = [_entry(path, files[path]) for path in inside if recursive or "/" not in path.removeprefix(prefix)]
    start = int(query.get("cursor", ["0"])[0])
    stop = start + hub.page_size
    more = f"{hub.next_page_at or hub.endpoint}{urlsplit(handler.path).path}?recursive={recursive}&cursor={stop}"
    handler.reply_json(entries[start:stop], **({"Link": f'<{more}>; rel="next"'} if stop < len(entries) else {}))


def _entry(path: str, content: bytes) -> dict[str, object]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    entry: dict[str, object] = {"type": "file", "path": path, "size": len(content), "oid": blob}
    if path.endswith(LARGE):
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return entry


def _answer_file(hub: Hub, handler: _Handler, content: bytes | None, commit: str) -> None:
    if content is None:
        handler.refuse(404, "EntryNotFound", "Entry not found")
        return
    digest = hashlib.sha256(content).hexdigest()
    if not urlsplit(handler.path).path.endswith(LARGE):
        handler.reply_content(content, ETag=f'"{digest[:40]}"', X_Repo_Commit=commit)
        return
    linked = {"X_Linked_Etag": f'"{digest}"', "X_Linked_Size": str(len(content))}
    handler.reply(302, b"", Location=f"{hub.cdn}/blobs/{digest}?signature=s", X_Repo_Commit=commit, **linked)
