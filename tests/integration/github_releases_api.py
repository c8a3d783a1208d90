"""GitHub's releases on this machine: their assets at the API, their uploads at a host of its own, as it is there."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.integration import github_api, github_description
from tests.integration.github_api import ACTIONS, REPOSITORY, Fault, GitHubApi, Reply, Request, Route

_BASE = f"/repos/{REPOSITORY}/releases"
# As a GitHub Enterprise Server has it; github.com has another host and no such beginning.
_UPLOADS = "/api/uploads"
_PIECE = 1 << 20
_KEPT_BYTES = 1 << 24
_MOST_BYTES = (1 << 31) - 1
_ALREADY = {"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}
_TAKEN = {"message": "Validation Failed", "errors": [_ALREADY]}
_MISSING = Reply(404, {"message": "Not Found", "documentation_url": "https://docs.github.com", "status": "404"})


@dataclass
class Asset:
    """An asset; the content of a very large one is gone."""

    id: int
    release: int
    name: str
    label: str | None
    content: bytes
    size: int
    digest: str | None
    state: str = "uploaded"


@dataclass
class ReleasesApi:
    """The repository's releases; `fails_from` is the upload from which on each ends with 502 and half an asset."""

    api: GitHubApi
    host: str = ""
    releases: dict[int, dict[str, Any]] = field(default_factory=dict)
    assets: dict[int, Asset] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    tells_digests: bool = True
    hides_immutable: bool = False
    spoils: bool = False
    fails_from: int | None = None

    def __post_init__(self) -> None:
        self.api.routes += [
            Route("GET", _BASE, "releases", self._listed),
            Route("GET", rf"{_BASE}/(\d+)", "release", self._one),
            Route("GET", rf"{_BASE}/(\d+)/assets", "assets", self._assets),
            Route("PATCH", rf"{_BASE}/assets/(\d+)", "rename", self._rename),
            Route("DELETE", rf"{_BASE}/assets/(\d+)", "remove", self._remove),
        ]

    def publish(self, tag: str = "v1.0.0", **overrides: Any) -> int:
        """A release of a tag, published unless it is told to be a draft."""
        number = 300 + len(self.releases)
        known = github_description.example("release")
        page = f"https://github.com/{REPOSITORY}/releases/tag/{tag}"
        upload = f"{self.host}{_UPLOADS}{_BASE}/{number}/assets{{?name,label}}"
        told = {"id": number, "tag_name": tag, "html_url": page, "upload_url": upload, "immutable": False}
        self.releases[number] = {**known, **told, "assets": [], **overrides}
        return number

    def put(self, name: str, content: bytes, release: int = 300, **overrides: Any) -> Asset:
        """An asset that stands already."""
        with self.api.lock:
            number = 9000 + len(self.log)
            self.log.append(name)
            known = {"label": None, "size": len(content), "digest": hashlib.sha256(content).hexdigest(), **overrides}
            known["digest"] = f"sha256:{known['digest']}" if self.tells_digests and known["digest"] else None
            self.assets[number] = Asset(**{"id": number, "release": release, "name": name, "content": content, **known})
            return self.assets[number]

    def held(self, release: int = 300) -> dict[str, bytes]:
        """The whole assets of a release by their names."""
        found = (asset for asset in self.assets.values() if asset.release == release and asset.state == "uploaded")
        return {asset.name: asset.content for asset in found}

    def shown(self, asset: Asset) -> dict[str, Any]:
        """An asset as GitHub tells it."""
        known = github_description.example("release-asset")
        uploader = {**known["uploader"], "login": ACTIONS, "type": "Bot"}
        told = {name: getattr(asset, name) for name in ("id", "name", "label", "size", "digest", "state")}
        return {**known, **told, "uploader": uploader, "url": f"{self.api.url}{_BASE}/assets/{asset.id}"}

    def _listed(self, request: Request) -> Reply:
        sees_drafts = self.api.may("POST", _BASE)
        found = [each for each in self.releases.values() if sees_drafts or not each["draft"]]
        return Reply(200, _page(found[::-1], request))

    def _one(self, request: Request) -> Reply:
        found = self.releases.get(int(request.path[0]))
        if not found:
            return _MISSING
        return Reply(
            200, {key: value for key, value in found.items() if key != "immutable" or not self.hides_immutable}
        )

    def _assets(self, request: Request) -> Reply:
        found = [self.shown(asset) for asset in self.assets.values() if asset.release == int(request.path[0])]
        return Reply(200, _page(found, request))

    def _rename(self, request: Request) -> Reply:
        asset, given = self.assets[int(request.path[0])], json.loads(request.body)
        assert not self.releases[asset.release]["immutable"]
        if self.named(given["name"], asset.release):
            return Reply(422, _TAKEN, described=False)
        asset.name, asset.label = given["name"], given["label"]
        return Reply(200, self.shown(asset))

    def _remove(self, request: Request) -> Reply:
        return Reply(204) if self.assets.pop(int(request.path[0]), None) else _MISSING

    def named(self, name: str, release: int) -> bool:
        """Whether a name is taken, also by half an asset."""
        return any((asset.name, asset.release) == (name, release) for asset in self.assets.values())


@contextmanager
def running_releases(api: GitHubApi) -> Iterator[ReleasesApi]:
    """Releases for an API that runs, until the end of the block."""
    releases = ReleasesApi(api)

    class Handler(_Uploads):
        state, to = api, releases

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    releases.host = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield releases
    finally:
        api.over.set()
        server.shutdown()
        server.server_close()


class _Uploads(github_api._Handler):
    """The host of uploads."""

    to: ReleasesApi

    def _serve(self) -> None:
        address, length = self.path.removeprefix(_UPLOADS), int(self.headers["Content-Length"])
        found = re.fullmatch(rf"{_BASE}/(\d+)/assets", urlsplit(address).path)
        assert found is not None, self.path
        assert self.command == "POST"
        query = dict(parse_qsl(urlsplit(address).query))
        with self.state.lock:
            fault = self._noted("upload")
            if self.to.fails_from is not None and self.state.calls.count("upload") >= self.to.fails_from:
                fault = Fault(status=502)
            self._hold_to_token(True)
            self._hold(lambda: github_description.check_request("POST", address, b""))
        if not self.state.may("POST", urlsplit(address).path):
            self._received(length)
            self._send(403, b'{"message": "Resource not accessible by integration"}', {})
        elif fault is not None and not fault.done:
            self._break(fault, int(found[1]), query, length)
        else:
            self._keep(fault, int(found[1]), query, address, length)

    def _keep(self, fault: Fault | None, release: int, query: dict[str, str], address: str, length: int) -> None:
        content, digest = self._received(length)
        digest = "0" * 64 if self.to.spoils else digest
        with self.state.lock:
            if error := self._refusal(release, query["name"], length):
                self._send(422, json.dumps(error).encode(), {})
                return
            asset = self.to.put(query["name"], content, release, label=query["label"], size=length, digest=digest)
            answer = json.dumps(self.to.shown(asset)).encode()
            self._hold(lambda: github_description.check_reply("POST", address, 201, answer))
        if fault is None:
            self._send(201, answer, {})
        else:
            self._spoil(fault, 201, answer)

    def _refusal(self, release: int, name: str, length: int) -> dict[str, Any] | None:
        if self.to.releases[release]["immutable"]:
            return {"message": "Cannot upload assets to an immutable release."}
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*[A-Za-z0-9_-]", name) or not 0 < length <= _MOST_BYTES:
            self.state.violations.append(f"an asset {name!r} of {length} bytes")
        if self.to.named(name, release):
            return _TAKEN
        return None

    def _break(self, fault: Fault, release: int, query: dict[str, str], length: int) -> None:
        """Half of it arrives, and an asset that is none stays behind."""
        self._received(length // 2 if fault.kind == "reset" else length)
        with self.state.lock:
            if fault.status >= 500 and not self.to.named(query["name"], release):
                self.to.put(query["name"], b"", release, label=query["label"], state="starter")
        self._spoil(fault, 201, b"")

    def _received(self, length: int) -> tuple[bytes, str]:
        """What was sent, unless it is very long, and its hash."""
        digest, kept = hashlib.sha256(), bytearray()
        for start in range(0, length, _PIECE):
            piece = self.rfile.read(min(_PIECE, length - start))
            digest.update(piece)
            kept += piece if length <= _KEPT_BYTES else b""
        return bytes(kept), digest.hexdigest()


def _page(found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    first = (int(request.query["page"]) - 1) * int(request.query["per_page"])
    return found[first : first + int(request.query["per_page"])]
