"""GitHub's routes for pull requests and artifacts, and a store of blobs, added to the API on this machine."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integration import github_description
from tests.integration.artifact_case import sha256
from tests.integration.github_api import REPOSITORY, GitHubApi, Reply, Request, Route

HEAD = "a" * 40
REPOSITORY_ID = 1296269
_BASE = f"/repos/{REPOSITORY}"
_LONG = 1 << 17


@dataclass
class Stored:
    """An artifact of a run; `address` makes a signed address of its archive, elsewhere than at the API."""

    id: int
    run: int
    name: str
    size: int
    digest: str
    address: Callable[[], str]
    expired: bool = False
    head_sha: str = HEAD
    branch: str = "feature"
    home: int = REPOSITORY_ID


@dataclass
class ActionsApi:
    """Artifacts and open pull requests of the repository; `knows_ranges` is about the store of the API itself."""

    api: GitHubApi
    artifacts: list[Stored] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    blobs: dict[int, bytes] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)
    knows_ranges: bool = True
    breaks: list[int] = field(default_factory=list)  # how much of each long answer comes before it breaks off

    def __post_init__(self) -> None:
        self.api.routes += [
            Route("GET", rf"{_BASE}/pulls", "pulls", self._pulls),
            Route("GET", rf"{_BASE}/actions/artifacts", "artifacts", self._named),
            Route("GET", rf"{_BASE}/actions/runs/(\d+)/artifacts", "artifacts", self._of_run),
            Route("GET", rf"{_BASE}/actions/artifacts/(\d+)/zip", "zip", self._zip),
            Route("GET", r"/blob/(\d+)", "blob", self._blob, described=False),
        ]

    def keep(self, name: str, archive: bytes, run: int = 5, **overrides: Any) -> Stored:
        """An artifact in the API's own store."""
        number = 100 + len(self.artifacts)
        self.blobs[number] = archive
        known = {
            "id": number,
            "run": run,
            "name": name,
            "size": len(archive),
            "digest": f"sha256:{sha256(archive)}",
            "address": lambda: f"{self.api.url}/blob/{number}?sig=c2lnbmF0dXJl",
        }
        stored = Stored(**{**known, **overrides})
        self.artifacts.append(stored)
        return stored

    def open_pull(self, number: int, head: str, sha: str = HEAD, base: str = REPOSITORY) -> None:
        """An open pull request from the branch `feature` of a repository."""
        known = github_description.example("pull-request-simple-items")[0]
        self.pulls.append(
            {
                **known,
                "number": number,
                "requested_teams": [],  # the description's own example lacks a field here
                "head": {**known["head"], "sha": sha, "ref": "feature", **_in(known, head)},
                "base": {**known["base"], **_in(known, base)},
            }
        )

    def _pulls(self, request: Request) -> Reply:
        query = request.query
        owner, branch = query["head"].split(":")
        found = [
            pull
            for pull in self.pulls
            if (pull["head"]["repo"]["owner"]["login"], pull["head"]["ref"]) == (owner, branch)
        ]
        return Reply(200, found if query["state"] == "open" else [])

    def _named(self, request: Request) -> Reply:
        return self._page(request, [each for each in self.artifacts if each.name == request.query["name"]])

    def _of_run(self, request: Request) -> Reply:
        return self._page(request, [each for each in self.artifacts if each.run == int(request.path[0])])

    def _page(self, request: Request, found: list[Stored]) -> Reply:
        query = request.query
        first = (int(query["page"]) - 1) * int(query["per_page"])
        shown = [self._listed(each) for each in found[first : first + int(query["per_page"])]]
        return Reply(200, {"total_count": len(found), "artifacts": shown})

    def _listed(self, stored: Stored) -> dict[str, Any]:
        known = github_description.example("artifact-paginated")["artifacts"][0]
        head = {"head_sha": stored.head_sha, "head_branch": stored.branch, "head_repository_id": stored.home}
        run = {"id": stored.run, "repository_id": REPOSITORY_ID, **head}
        told = {"id": stored.id, "name": stored.name, "size_in_bytes": stored.size, "expired": stored.expired}
        return {**known, **told, "digest": stored.digest, "workflow_run": run}

    def _zip(self, request: Request) -> Reply:
        stored = next((each for each in self.artifacts if each.id == int(request.path[0])), None)
        if stored is None or stored.expired:
            return Reply(410, {"message": "Artifact has expired"})
        return Reply(302, headers={"Location": stored.address()})

    def _blob(self, request: Request) -> Reply:
        content, wanted = self.blobs[int(request.path[0])], request.headers.get("Range", "")
        self.ranges.append(wanted)
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", wanted)
        if not self.knows_ranges or found is None:
            return Reply(200, content)
        first, last = int(found[1]), min(int(found[2]), len(content) - 1)
        if first >= len(content):
            return Reply(416, b"")
        part, headers = content[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        if self.breaks and len(part) > _LONG:
            return Reply(206, part[: self.breaks.pop(0)], headers, length=len(part))
        return Reply(206, part, headers)


def _in(known: dict[str, Any], full_name: str) -> dict[str, Any]:
    owner, name = full_name.split("/")
    user = {**known["head"]["user"], "login": owner}
    repository = {**known["head"]["repo"], "full_name": full_name, "name": name, "owner": user}
    return {"user": user, "repo": repository, "label": f"{owner}:feature"}
