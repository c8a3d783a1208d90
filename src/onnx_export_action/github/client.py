"""The comments of a pull request through PyGithub; imported only where a comment is written, as it takes a second.

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
from github.IssueComment import IssueComment

from onnx_export_action import __version__
from onnx_export_action.github.comment import Failed, Later, ReadOnly, Standing, Unsure

TIMEOUT_SECONDS = 15
# Together at most some two minutes; a rate limit may last an hour, which no job should wait for.
LONGEST_WAIT = 60
_READS_AGAIN = 2
_VIEWER = "query { viewer { login } }"
_ACTIONS = "github-actions[bot]"
_T = TypeVar("_T")


class Thread:
    """The comments of one pull request, and which of them are ours."""

    def __init__(self, api_url: str, token: str, repository: str, number: int) -> None:
        self._github = github.Github(
            auth=github.Auth.Token(token),
            base_url=api_url,
            timeout=TIMEOUT_SECONDS,
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
        self._issue = self._github.get_repo(repository).get_issue(number)
        self._handles: dict[int, IssueComment] = {}
        self._me = ""

    def close(self) -> None:
        """Close the connections."""
        self._github.close()

    def own(self) -> list[Standing]:
        """The comments by the owner of the token, oldest first."""
        self._me = self._me or _asked(self._viewer, "who the token belongs to")
        try:
            ours = _asked(self._ours, "the comments")
        except Unsure:  # an answer that breaks off or cannot be read is none that the transport asks for again
            ours = self._asked_again()
        self._handles.update((standing.id, handle) for standing, handle in ours)
        return sorted((standing for standing, _ in ours), key=lambda standing: standing.id)

    def create(self, body: str) -> Standing:
        """A new comment."""
        return _asked(lambda: _standing(self._issue.create_comment(body)), "the new comment")

    def update(self, comment: int, body: str) -> None:
        """Another text for a comment of ours."""
        _asked(lambda: self._handles[comment].edit(body), "the comment's new text")

    def delete(self, comment: int) -> None:
        """Remove a second comment of ours."""
        _asked(lambda: self._handles[comment].delete(), "the removal of a second comment")

    def _viewer(self) -> str:
        try:
            _, answer = self._github.requester.graphql_query(_VIEWER, {})
        except github.GithubException as error:
            if error.status in (400, 403, 404, 422) and not _is_limit(error):
                return _ACTIONS  # a server that does not tell: the usual token belongs to this one
            raise
        login = answer["data"]["viewer"]["login"]
        return login if isinstance(login, str) and login else _ACTIONS

    def _asked_again(self) -> list[tuple[Standing, IssueComment]]:
        try:
            return _asked(self._ours, "the comments")
        except (Unsure, Later) as failure:
            raise Failed(str(failure)) from None

    def _ours(self) -> list[tuple[Standing, IssueComment]]:
        return [(_standing(each), each) for each in self._issue.get_comments() if self._is_mine(each)]

    def _is_mine(self, comment: IssueComment) -> bool:
        author = comment.user
        if author is None:  # an account that is gone
            return False
        return author.login == self._me or (author.type == "Bot" and author.login == f"{self._me}[bot]")


def _standing(found: IssueComment) -> Standing:
    return Standing(found.id, found.body or "", found.html_url)


def _asked(call: Callable[[], _T], what: str) -> _T:
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


def _as_failure(error: github.GithubException, what: str) -> Failed:
    status = error.status
    if _is_limit(error):
        return Later(f"GitHub's rate limit is reached (status {status}).", _asked_wait(error))
    if status >= 500:
        return Unsure(f"GitHub answered {status} about {what}.")
    if status in (401, 403):
        return ReadOnly(f"The token {'is not valid' if status == 401 else 'may not do this'} (status {status}).")
    if status in (404, 410):
        return Failed(f"The pull request, or {what}, does not exist for this token (status {status}).")
    if status < 400:
        return Unsure(f"GitHub's answer about {what} cannot be read.")
    return Failed(f"GitHub refused {what} (status {status}).")


def _as_exhausted(error: requests.exceptions.RetryError, what: str) -> Failed:
    """The transport asked again and again: a 403 only where it speaks of a limit."""
    status = re.search(r"too many (\d+) error", str(error))
    if status and status[1] in ("403", "429"):
        return Failed(f"GitHub's rate limit is reached (status {status[1]}).")
    return Failed(f"GitHub kept answering {status[1] if status else 'with errors'} about {what}.")


def _is_limit(error: github.GithubException) -> bool:
    headers: dict[str, Any] = error.headers or {}
    limited = isinstance(error, github.RateLimitExceededException) or "retry-after" in headers
    return error.status == 429 or (error.status == 403 and limited)


def _asked_wait(error: github.GithubException) -> float:
    asked = str((error.headers or {}).get("retry-after", ""))
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else float(LONGEST_WAIT)
