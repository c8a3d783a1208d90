"""GitHub's REST API through PyGithub; imported only where it is called, as that takes a second.

A read is tried again by the transport, within bounds. A write never is: after a time-out or a 502
it may have been done, so whoever writes must first read what stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import github
import requests
from github.GithubRetry import GithubRetry

from onnx_export_action import __version__
from onnx_export_action.github.failure import Failed, Later, Missing, ReadOnly, Unsure

TIMEOUT_SECONDS = 15
# Together at most some two minutes; a rate limit may last an hour, which no job should wait for.
LONGEST_WAIT = 60
_READS_AGAIN = 2
_T = TypeVar("_T")


def connect(api_url: str, token: str, timeout: int | None = None) -> github.Github:
    """A client of the API at this address; close it."""
    return github.Github(
        auth=github.Auth.Token(token),
        base_url=api_url,
        timeout=timeout or TIMEOUT_SECONDS,
        user_agent=f"onnx-export-action/{__version__}",
        per_page=100,
        lazy=True,
        retry=GithubRetry(
            total=_READS_AGAIN,
            backoff_factor=1,
            allowed_methods={"GET"},
            status_forcelist=[429, 500, 502, 503, 504],
            secondary_rate_wait=LONGEST_WAIT,
            max_rate_limit_wait=LONGEST_WAIT,
            retry_after_max=LONGEST_WAIT,
        ),
    )


def asked(call: Callable[[], _T], what: str) -> _T:
    """The answer of one call; every way in which it can fail becomes a sentence."""
    try:
        return call()
    except github.GithubException as error:
        raise _as_failure(error, what) from None
    except requests.exceptions.RetryError as error:
        raise _as_exhausted(error, what) from None
    except requests.Timeout:
        raise Unsure(f"GitHub did not answer in time about {what}.") from None
    except requests.RequestException:
        raise Unsure(f"The connection to GitHub failed or broke off at {what}.") from None
    # PyGithub hands on whatever a malformed answer makes of its own code; an assert guards addresses.
    except (github.BadAttributeException, ValueError, TypeError, KeyError, AttributeError, AssertionError):
        raise Unsure(f"GitHub's answer about {what} cannot be read.") from None


def read(call: Callable[[], _T], what: str) -> _T:
    """The answer of a call that changes nothing: one that broke off or cannot be read is asked for once more."""
    try:
        return asked(call, what)
    except Unsure:  # none that the transport asks for again
        try:
            return asked(call, what)
        except (Unsure, Later) as failure:
            raise Failed(str(failure)) from None


def _as_failure(error: github.GithubException, what: str) -> Failed:
    status = error.status
    if is_limit(error):
        return Later(f"GitHub's rate limit is reached (status {status}).", _asked_wait(error))
    if status >= 500:
        return Unsure(f"GitHub answered {status} about {what}.")
    if status in (401, 403):
        return ReadOnly(f"The token {'is not valid' if status == 401 else 'may not do this'} (status {status}).")
    if status in (404, 410):
        return Missing(f"What was asked for does not exist for this token: {what} (status {status}).")
    if status < 400:
        return Unsure(f"GitHub's answer about {what} cannot be read.")
    return Failed(f"GitHub refused {what} (status {status}).")


def _as_exhausted(error: requests.exceptions.RetryError, what: str) -> Failed:
    """The transport asked again and again: a 403 only where it speaks of a limit."""
    status = re.search(r"too many (\d+) error", str(error))
    if status and status[1] in ("403", "429"):
        return Failed(f"GitHub's rate limit is reached (status {status[1]}).")
    return Failed(f"GitHub kept answering {status[1] if status else 'with errors'} about {what}.")


def is_limit(error: github.GithubException) -> bool:
    headers: dict[str, Any] = error.headers or {}
    limited = isinstance(error, github.RateLimitExceededException) or "retry-after" in headers
    return error.status == 429 or (error.status == 403 and limited)


def _asked_wait(error: github.GithubException) -> float:
    asked = str((error.headers or {}).get("retry-after", ""))
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else float(LONGEST_WAIT)
