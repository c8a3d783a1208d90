"""What the Hub's refusals mean for a user.

The texts of the Hub are not repeated: they are foreign, and may quote headers.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from typing import TypeVar

import httpx2
from huggingface_hub.errors import HfHubHTTPError

from onnx_export_action.errors import RunError, SurroundingsError, UsageError

E = TypeVar("E", bound=BaseException)

# Files may come from a storage of another host, whose refusals say nothing about the model.
_PATHS_OF_THE_HUB = ("/api/", "/resolve/")

_TOKEN = "Set `hf-token` to a token with read access to it."


def explain(error: Exception, model: str, *, with_token: bool) -> RunError:
    """The sentence and the remedy for whatever a call of huggingface_hub raised."""
    cause = _first(error, RunError)
    if cause is not None:
        return cause
    answer = _first(error, HfHubHTTPError)
    if answer is not None:
        return _of_status(answer.response, model, with_token)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return SurroundingsError(
            "the disk filled up during the download.", "Free some space, or use a runner with a larger disk."
        )
    if isinstance(error, OSError) and error.errno is not None:
        return SurroundingsError(
            f"the download of {model!r} cannot be stored: {error.strerror}.", "Check the rights of the cache folder."
        )
    if isinstance(error, httpx2.HTTPError | OSError):
        return SurroundingsError(f"the download of {model!r} broke off again and again.", "Run the job again.")
    return SurroundingsError(
        f"the Hub's answer about {model!r} cannot be understood ({type(error).__name__}).",
        "Check the address of the Hub: a proxy or a login page may have answered in its place.",
    )


def unknown_revision(model: str, revision: str, existing: Iterable[str]) -> UsageError:
    """A branch, tag or commit that is not there, with the nearest that are."""
    near = difflib.get_close_matches(revision, list(existing), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Use a branch, a tag or a full commit of the model."
    return UsageError(f"the model {model!r} has no revision {revision[:80]!r}.", hint)


def _of_status(response: httpx2.Response, model: str, with_token: bool) -> RunError:
    status, code = response.status_code, response.headers.get("X-Error-Code")
    if not any(part in response.request.url.path for part in _PATHS_OF_THE_HUB):
        return SurroundingsError(f"the storage behind the Hub answered {status} about {model!r}.", "Run the job again.")
    if code == "GatedRepo":
        remedy = "Accept its conditions on the Hub" + (" as the token's owner." if with_token else f". {_TOKEN}")
        return UsageError(f"the model {model!r} is gated.", remedy)
    if status == 401 and with_token:
        return UsageError(
            f"the Hub refuses the token for {model!r}.",
            "Set `hf-token` to a token that is valid and can read the model.",
        )
    if status in (401, 403):
        return UsageError(f"the model {model!r} is private, or it does not exist.", f"Correct the name. {_TOKEN}")
    if status == 404 and code == "EntryNotFound":
        return UsageError(f"the model {model!r} has no such folder or file.", "Correct `subfolder`.")
    if status == 404:
        hint = "Correct the name." if with_token else f"Correct the name. If it is private: {_TOKEN}"
        return UsageError(
            f"model not found: {model!r} is no folder of the workspace, and the Hub does not know it.", hint
        )
    return SurroundingsError(f"the Hub answered {status} about {model!r}.", "Run the job again later.")


def _first(error: BaseException | None, kind: type[E]) -> E | None:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error
