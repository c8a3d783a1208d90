"""GitHub's API on this machine: comments, and what others add; each request and reply is held to its description."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from tests.integration import github_description

REPOSITORY = "acme/models"
PULL = 7
ACTIONS = "github-actions[bot]"
Call = str
_ROUTES: tuple[tuple[str, str, Call], ...] = (
    ("POST", r"/graphql", "viewer"),
    ("GET", rf"/repos/{REPOSITORY}/issues/{PULL}/comments", "list"),
    ("POST", rf"/repos/{REPOSITORY}/issues/{PULL}/comments", "create"),
    ("PATCH", rf"/repos/{REPOSITORY}/issues/comments/(\d+)", "update"),
    ("DELETE", rf"/repos/{REPOSITORY}/issues/comments/(\d+)", "delete"),
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong, how often, and whether the call was done nevertheless."""

    kind: Literal["status", "hang", "reset", "truncated", "malformed"] = "status"
    status: int = 500
    message: str = "Something went wrong"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1_000
    done: bool = False


@dataclass(frozen=True)
class Request:
    """What an added route is asked: the parts of its path, the query, headers and body."""

    path: tuple[str, ...]
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer: a record that becomes JSON, or bytes as they are; some that GitHub gives it does not describe."""

    status: int
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    described: bool = True
    length: int | None = None  # as it is announced, where the connection breaks off before


@dataclass(frozen=True)
class Route:
    """A route beside those for comments; one that is not GitHub's own has no description, and must get no token."""

    method: str
    pattern: str
    call: Call
    answer: Callable[[Request], Reply]
    described: bool = True


@dataclass
class GitHubApi:
    """The state of one repository's pull request, and what was asked."""

    url: str = ""
    login: str = ACTIONS
    viewer: str = ""
    next_page: str = ""
    token: str = "ghs_0123456789abcdef"
    may: Callable[[str, str], bool] = field(default=lambda _method, _path: True)
    bodies: dict[int, tuple[str, str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    faults: dict[Call, Fault] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    page: int = 100
    routes: list[Route] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    over: threading.Event = field(default_factory=threading.Event)

    def add(self, body: str, login: str = ACTIONS) -> int:
        """A comment that stands already."""
        with self.lock:
            number = 1000 + len(self.bodies)
            self.bodies[number] = (login, body)
            return number

    def texts(self, login: str = ACTIONS) -> list[str]:
        """The comments of one author."""
        return [body for author, body in self.bodies.values() if author == login]

    def comment(self, number: int) -> dict[str, Any]:
        """A comment as GitHub sends it."""
        login, body = self.bodies[number]
        known = github_description.example("issue-comment")
        user = {**known["user"], "login": login, "type": "Bot" if login.endswith("[bot]") else "User"}
        url = f"{self.url}/repos/{REPOSITORY}/issues/comments/{number}"
        page = f"https://github.com/{REPOSITORY}/pull/{PULL}#issuecomment-{number}"
        return {**known, "id": number, "url": url, "html_url": page, "user": user, "body": body}


@contextmanager
def running_api() -> Iterator[GitHubApi]:
    """The API on a free port; at the end, nothing may have been unlike GitHub's description."""
    api = GitHubApi()

    class Handler(_Handler):
        state = api

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.over.set()
        server.shutdown()
        server.server_close()
    assert not api.violations, "\n".join(api.violations)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: GitHubApi

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.state.may(self.command, self.path.split("?")[0]):
            self._send(403, b'{"message": "Resource not accessible by integration"}', {})
            return
        if added := self._added():
            self._serve_added(*added, sent)
            return
        call, number = self._call()
        with self.state.lock:
            fault = self._noted(call)
            if call != "viewer":
                self._hold(lambda: github_description.check_request(self.command, self.path, sent))
            self._hold_to_token(True)
            status, answer, headers = self._answer(call, number, sent) if fault is None or fault.done else (0, b"", {})
        if fault is None:
            self._send(status, answer, headers)
        else:
            self._spoil(fault, status or 200, answer)

    def _added(self) -> tuple[Route, re.Match[str]] | None:
        path = self.path.split("?")[0]
        found = ((route, re.fullmatch(route.pattern, path)) for route in self.state.routes)
        return next(((route, match) for route, match in found if match and route.method == self.command), None)

    def _serve_added(self, route: Route, match: re.Match[str], sent: bytes) -> None:
        with self.state.lock:
            fault = self._noted(route.call)
            self._hold_to_token(route.described)
            query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            undone = fault is not None and not fault.done and self.command != "GET"
            asked = Request(match.groups(), query, cast(Mapping[str, str], self.headers), sent)
            reply = Reply(200) if undone else route.answer(asked)
            plain = isinstance(reply.content, bytes)
            answer = reply.content if plain else b"" if reply.content is None else json.dumps(reply.content).encode()
            if route.described:
                self._hold(lambda: github_description.check_request(self.command, self.path, sent))
            if route.described and reply.described and not undone:
                self._hold(lambda: github_description.check_reply(self.command, self.path, reply.status, answer))
        if fault is None:
            self._send(reply.status, answer, reply.headers, reply.length)
        else:
            self._spoil(fault, reply.status, answer, reply.headers)

    def _noted(self, call: Call) -> Fault | None:
        """The fault that is due at this call."""
        self.state.calls.append(call)
        fault = self.state.faults.get(call)
        if fault is None or fault.times == 0:
            return None
        self.state.faults[call] = Fault(**{**fault.__dict__, "times": fault.times - 1})
        return fault

    def _hold_to_token(self, wanted: bool) -> None:
        given = self.headers.get("Authorization", "")
        if given.endswith(self.state.token) is not wanted or (given and not wanted):
            self.state.violations.append(f"{self.command} {self.path}: {'no token' if wanted else 'a token'}")

    def _call(self) -> tuple[Call, int]:
        for method, pattern, call in _ROUTES:
            match = re.fullmatch(pattern, self.path.split("?")[0])
            if match and method == self.command:
                return call, int(match[1]) if match.groups() else 0
        raise AssertionError(f"{self.command} {self.path}")

    def _answer(self, call: Call, number: int, sent: bytes) -> tuple[int, bytes, dict[str, str]]:
        state, given = self.state, json.loads(sent or b"{}")
        headers: dict[str, str] = {}
        if call == "viewer":
            return 200, json.dumps({"data": {"viewer": {"login": state.viewer or state.login}}}).encode(), headers
        if call == "list":
            status, content, headers = 200, *self._page()
        elif call == "create":
            if len(given["body"]) > 65_536:
                state.violations.append("a body of more than 65,536 characters")
            status, content = 201, state.comment(state.add(given["body"], state.login))
        elif number not in state.bodies:
            return 404, b'{"message": "Not Found"}', headers
        elif call == "update":
            state.bodies[number] = (state.bodies[number][0], given["body"])
            status, content = 200, state.comment(number)
        else:
            del state.bodies[number]
            status, content = 204, None
        answer = json.dumps(content).encode() if content is not None else b""
        self._hold(lambda: github_description.check_reply(self.command, self.path, status, answer))
        return status, answer, headers

    def _page(self) -> tuple[list[dict[str, Any]], dict[str, str]]:
        found = re.search(r"[?&]page=(\d+)", self.path)
        page = int(found[1]) if found else 1
        numbers = sorted(self.state.bodies)[(page - 1) * self.state.page :]
        link = f'<{self.state.url}/repos/{REPOSITORY}/issues/{PULL}/comments?per_page=100&page={page + 1}>; rel="next"'
        if self.state.next_page:
            link = f'<{self.state.next_page}>; rel="next"'
        more = {"Link": link} if len(numbers) > self.state.page or self.state.next_page else {}
        return [self.state.comment(number) for number in numbers[: self.state.page]], more

    def _hold(self, check: Any) -> None:
        try:
            check()
        except github_description.NotAsDescribed as error:
            self.state.violations.append(str(error))

    def _spoil(self, fault: Fault, status: int, answer: bytes, headers: dict[str, str] | None = None) -> None:
        match fault.kind:
            case "status":
                self._send(fault.status, json.dumps({"message": fault.message}).encode(), fault.headers)
            case "malformed":
                self._send(status, b'{"id": 7, "body": ', {})
            case "hang":
                self.state.over.wait()
                self.close_connection = True
            case "truncated":
                self._send(status, answer[:20] or b"[{", headers or {}, length=5000)
            case "reset":
                # Without lingering, closing sends a reset instead of an orderly end.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True

    def _send(self, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = self.close_connection or length is not None
        except OSError:
            self.close_connection = True
