"""One HTTP call with patience: what may pass is tried again, a bounded number of times and within a bounded wait."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

import httpx2

from onnx_export_action import __version__
from onnx_export_action.github.artifact.failure import Refused, UploadFailed
from onnx_export_action.log import Log

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_GREATEST_ANSWER = 1 << 20
_PIECE = 1 << 18


@dataclass(frozen=True)
class Limits:
    """How long one call may take, how often it is tried, and how long all pauses of an upload may be together."""

    connect_seconds: float = 15
    answer_seconds: float = 60
    attempts: int = 5
    first_pause: float = 2
    greatest_pause: float = 60
    all_pauses: float = 600
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Call:
    """One request; `what` names it in the log, where its address never appears."""

    what: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    most: int = _GREATEST_ANSWER
    into: IO[bytes] | None = None
    streamed: bool = False  # a part of a file is answered with `pieces` in place of a body


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: httpx2.Headers
    body: bytes
    pieces: Generator[bytes] | None = None

    @property
    def ok(self) -> bool:
        """Whether the request was done."""
        return 200 <= self.status < 300


class BrokenOff(UploadFailed):
    """No answer came; `sent` is false where the request cannot have been received."""

    def __init__(self, message: str, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


@dataclass
class Caller:
    """Sends calls from several threads; all share one bound on the time spent in pauses."""

    log: Log
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        limits = self.limits
        self._http = httpx2.Client(
            follow_redirects=False,
            timeout=httpx2.Timeout(limits.answer_seconds, connect=limits.connect_seconds),
            headers={"User-Agent": f"onnx-export-action/{__version__}", "Accept-Encoding": "identity"},
        )
        self._left, self._lock = limits.all_pauses, threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def once(self, call: Call) -> Answer:
        """One try; raises BrokenOff where no whole answer comes."""
        # An address is signed as it is written: its own bytes are sent, never those of a parsed and rebuilt one.
        target = re.sub(r"^\w+://[^/?#]*", "", call.url).split("#")[0]
        headers = {**call.headers, "Content-Length": str(len(call.body))}
        request = self._http.build_request(
            call.method, call.url, headers=headers, content=_pieces(call.body), extensions={"target": target.encode()}
        )
        try:
            response = self._http.send(request, stream=True)
            if call.streamed and response.status_code == 206:
                return Answer(206, response.headers, b"", _as_they_come(response, call))
            try:
                return Answer(response.status_code, response.headers, _body(response, call))
            finally:
                response.close()
        except httpx2.HTTPError as error:
            raise _broken_off(call, error) from None

    def patiently(
        self,
        call: Call,
        again_after: Callable[[Answer | BrokenOff], bool] = lambda _: True,
        readable: Callable[[Answer], bool] = lambda _: True,
    ) -> Answer:
        """The answer that settles the call; others are asked again as long as `again_after` allows it."""
        for attempt in range(1, self.limits.attempts + 1):
            outcome: Answer | BrokenOff
            try:
                outcome = self.once(call)
                if not _may_pass(outcome) and readable(outcome):
                    return outcome
            except BrokenOff as broken:
                outcome = broken
            if not again_after(outcome) or not self.may_try_again(call, attempt, outcome):
                if isinstance(outcome, Answer):
                    return outcome
                raise outcome
        raise AssertionError("the last attempt returns or raises")

    def may_try_again(self, call: Call, attempt: int, outcome: Answer | BrokenOff) -> bool:
        """Whether the bounds allow another attempt, which is due when this returns."""
        return attempt < self.limits.attempts and self._pause(call, attempt, outcome)

    def _pause(self, call: Call, attempt: int, outcome: Answer | BrokenOff) -> bool:
        asked = _asked_wait(outcome) if isinstance(outcome, Answer) else None
        seconds = asked if asked is not None else self.limits.first_pause * 2 ** (attempt - 1)
        with self._lock:
            if seconds > min(self.limits.greatest_pause, self._left):
                return False
            self._left -= seconds
        why = f"was answered with {outcome.status}" if isinstance(outcome, Answer) else "got no answer"
        self.log.line(f"{call.what} {why}; trying again in {seconds:.0f} s.")
        self.limits.sleep(seconds)
        return True


def refusal(call: Call, answer: Answer, why: str = "") -> Refused:
    """The error for an answer that is none of those wanted."""
    if 300 <= answer.status < 400:
        return Refused(f"{call.what} was redirected, which this program does not follow.", answer.status)
    said = f": {why}" if why else "."
    return Refused(f"{call.what} was refused with status {answer.status}{said}", answer.status)


def _may_pass(answer: Answer) -> bool:
    """A limit may be told by a 403, which then says how long it lasts."""
    return answer.status in _TRANSIENT or (answer.status == 403 and "Retry-After" in answer.headers)


def _pieces(body: bytes) -> Iterator[bytes]:
    """Small pieces: the HTTP library copies what is left of a piece at each write to the socket."""
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _body(response: httpx2.Response, call: Call) -> bytes:
    if response.status_code == 200 and "Range" in call.headers:
        return b""  # a server that knows no ranges would send all of it: its status says so
    if call.into is not None and response.is_success:
        _save(response, call.into, call.most)
        return b""
    pieces, left = list[bytes](), max(call.most, _GREATEST_ANSWER)
    for piece in response.iter_raw():
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise httpx2.ReadError("The answer is longer than any real one.")
    return b"".join(pieces)


def _as_they_come(response: httpx2.Response, call: Call) -> Generator[bytes]:
    try:
        yield from response.iter_raw()
    except httpx2.HTTPError as error:
        raise _broken_off(call, error) from None
    finally:
        response.close()


def _save(response: httpx2.Response, file: IO[bytes], most: int) -> None:
    file.seek(0)
    file.truncate()
    for piece in response.iter_raw():
        if file.tell() + len(piece) > most:
            raise UploadFailed("The answer is longer than what is taken.")
        file.write(piece)
    file.flush()


def _asked_wait(answer: Answer) -> float | None:
    asked = answer.headers.get("Retry-After", "").strip()
    return float(asked) if asked.isascii() and asked.isdigit() else None


def _broken_off(call: Call, error: httpx2.HTTPError) -> BrokenOff:
    unsent = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError))
    return BrokenOff(f"{call.what} failed: {_in_words(error)}.", sent=not unsent)


def _in_words(error: httpx2.HTTPError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "the server's certificate is not trusted on this machine"
    return "the connection failed" if isinstance(error, httpx2.ConnectError) else "the connection broke off"
