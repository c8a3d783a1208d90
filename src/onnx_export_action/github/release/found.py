"""The release itself, by its number or its tag; imported only where it runs, as PyGithub takes a second."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urlsplit

import github
from pydantic import BaseModel, ConfigDict

from onnx_export_action.github import rest
from onnx_export_action.github.failure import Failed
from onnx_export_action.github.release.target import Target

_A_PAGE, _MOST_PAGES = 100, 100
_Kind = TypeVar("_Kind", bound=BaseModel)


class Found(BaseModel):
    """A release as GitHub tells it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int
    tag_name: str
    draft: bool
    immutable: bool = False
    upload_url: str
    html_url: str


def find(client: github.Github, address: str, target: Target) -> Found | None:
    """The release; of several with one tag the published one, else the newest draft. `address` is that of all."""
    if target.number is not None:
        return rest.read(lambda: Found.model_validate(_got(client, f"{address}/{target.number}", {})), "the release")
    # By its tag, GitHub gives only a release that is published.
    listed = rest.read(lambda: pages(client, address, Found), "the releases")
    tagged = [release for release in listed if release.tag_name == target.tag]
    return max(tagged, key=lambda release: (not release.draft, release.id), default=None)


def pages(client: github.Github, address: str, kind: type[_Kind]) -> list[_Kind]:
    """All of a list that GitHub gives in pages."""
    found: list[_Kind] = []
    for page in range(1, _MOST_PAGES + 1):
        answer = _got(client, address, {"per_page": _A_PAGE, "page": page})
        if not isinstance(answer, list):
            raise ValueError("not a list")
        found += [kind.model_validate(entry) for entry in answer]
        if len(answer) < _A_PAGE:
            break
    return found


def upload_address(release: Found, api_url: str) -> str:
    """Where assets are sent; raises Failed for a host that is none of the API's, which must not see the token."""
    address = release.upload_url.partition("{")[0]
    there, api = urlsplit(address), urlsplit(api_url)
    own = {api.hostname, f"uploads.{(api.hostname or '').removeprefix('api.')}"}
    if there.scheme != api.scheme or there.hostname not in own:
        raise Failed("GitHub named an address for uploads that is not its own.")
    return address


def _got(client: github.Github, address: str, parameters: dict[str, int]) -> object:
    _, answer = client.requester.requestJsonAndCheck("GET", address, parameters=parameters)
    return answer
