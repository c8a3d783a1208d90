"""HTTP for the Hub: patience within a bound, and a token that never leaves its host.

huggingface_hub retries some calls, others not, and waits as long as a server asks. Here every call of
it goes through one client that decides; what this client gives up on is given up.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.utils._http import parse_ratelimit_headers

from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.log import Log

_ATTEMPTS = 5
# A quota of the Hub is renewed every five minutes; one renewal is worth the wait, a second is not.
_GREATEST_TOTAL_WAIT = 330.0
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_TIMEOUT = {"connect": 15.0, "read": 30.0, "write": 30.0, "pool": 30.0}


def configure(endpoint: str, log: Log) -> None:
    """Make huggingface_hub use the patient client; the one place where its process-wide switches are set.

    It reads its environment when it is imported, so the constants are set, not the variables. Xet is
    off because its own client would pass by this one; telemetry because nobody asked for it.
    """
    home = _home(endpoint)
    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.HF_HUB_DISABLE_XET = True
    constants.HF_HUB_DISABLE_SYMLINKS_WARNING = True
    constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = True
    constants.HF_HUB_DOWNLOAD_TIMEOUT = 30
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    huggingface_hub.set_client_factory(lambda: PatientClient(home, log))


class PatientClient(httpx2.Client):
    """Asks again when a failure may pass, as long and as often as is reasonable."""

    def __init__(self, home: httpx2.URL, log: Log) -> None:
        super().__init__(follow_redirects=True, event_hooks={"request": [self._keep_token_at_home]})
        self._home = _origin(home)
        self._log = log
        self._patience = _GREATEST_TOTAL_WAIT

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request, and again after a pause while the Hub is busy or out of reach."""
        # huggingface_hub passes no limit for some calls, which would wait for ever.
        request.extensions["timeout"] = _TIMEOUT | {k: v for k, v in request.extensions.get("timeout", {}).items() if v}
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = super().send(request, **options)
            except httpx2.ProxyError:
                raise _unreachable(request, "the proxy refused the connection") from None
            except httpx2.TransportError as error:
                if attempt == _ATTEMPTS or "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise _unreachable(request, _in_words(error)) from None
                self._pause(request, 2.0 ** (attempt - 1), "cannot be reached")
                continue
            if response.status_code not in _TRANSIENT:
                return response
            response.close()
            if attempt == _ATTEMPTS:
                raise _refused(request, response)
            self._pause(
                request, _asked_wait(response) or 2.0 ** (attempt - 1), f"answered {response.status_code}", response
            )
        raise AssertionError("the last attempt returns or raises")

    def _pause(
        self, request: httpx2.Request, seconds: float, what: str, response: httpx2.Response | None = None
    ) -> None:
        if seconds > self._patience:
            raise _refused(request, response) if response is not None else _unreachable(request, what)
        self._patience -= seconds
        self._log.line(f"{request.url.host} {what}; asking again in {seconds:.0f} s.")
        time.sleep(seconds)

    def _keep_token_at_home(self, request: httpx2.Request) -> None:
        """Called for every hop of a redirect, and for every address that an answer names."""
        if _origin(request.url) != self._home:
            request.headers.pop("Authorization", None)


def _home(endpoint: str) -> httpx2.URL:
    try:
        home = httpx2.URL(endpoint)
    except httpx2.InvalidURL:
        home = httpx2.URL()
    if home.scheme not in ("http", "https") or not home.host:
        raise UsageError("the Hub's address is not an http(s) address.", "Correct or unset HF_ENDPOINT.")
    return home


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _asked_wait(response: httpx2.Response) -> float | None:
    """The pause that a server asks for, in its own header or in the Hub's."""
    quota = parse_ratelimit_headers(response.headers)
    if quota is not None and quota.remaining == 0:
        return float(quota.reset_in_seconds)
    asked = response.headers.get("Retry-After", "").strip()
    return float(asked) if asked.isascii() and asked.isdigit() else None


def _refused(request: httpx2.Request, response: httpx2.Response) -> SurroundingsError:
    if response.status_code == 429:
        return SurroundingsError(
            f"{request.url.host} limits the rate of requests (429) and asks for more patience than this run has.",
            "Set `hf-token` for a quota of your own, run fewer jobs at once, or cache the model's folder between runs.",
        )
    return SurroundingsError(
        f"{request.url.host} failed {_ATTEMPTS} times, at last with status {response.status_code}.",
        "Run the job again later.",
    )


def _unreachable(request: httpx2.Request, why: str) -> SurroundingsError:
    return SurroundingsError(
        f"{request.url.host} cannot be reached: {why}.",
        "Check the network and proxy of the runner, or give the model as a folder of the workspace.",
    )


def _in_words(error: httpx2.TransportError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not trusted on this machine"
    return "the connection failed" if isinstance(error, httpx2.ConnectError) else "the connection broke off"
