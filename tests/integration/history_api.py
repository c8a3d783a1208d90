"""GitHub's routes for commits, their comparison and the runs of workflows, added to the API on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.integration import github_description
from tests.integration.github_actions_api import REPOSITORY_ID, ActionsApi, Stored
from tests.integration.github_api import REPOSITORY, Reply, Request, Route

FORK_ID = 4711
_BASE = f"/repos/{REPOSITORY}"
_MISSING = Reply(404, {"message": "Not Found", "documentation_url": "https://docs.github.com", "status": "404"})


@dataclass
class HistoryApi:
    """Commits by their parents, branches by their tip, and the event of each run."""

    actions: ActionsApi
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    events: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.actions.api.routes += [
            Route("GET", rf"{_BASE}/compare/(.+)\.\.\.(.+)", "compare", self._compare),
            Route("GET", rf"{_BASE}/commits", "commits", self._commits),
            Route("GET", rf"{_BASE}/actions/runs/(\d+)", "run", self._run),
        ]

    def keep(self, name: str, archive: bytes, commit: str, event: str = "push", **overrides: Any) -> Stored:
        """An artifact of a run of its own."""
        run = 500 + len(self.events)
        self.events[run] = event
        return self.actions.keep(name, archive, run=run, head_sha=commit, **overrides)

    def _compare(self, request: Request) -> Reply:
        base, head = map(unquote, request.path)
        tip = self.branches.get(base, base)
        if not {tip, head} <= self.parents.keys():
            return _MISSING
        common = set(self._ancestors(head))
        shared = next(commit for commit in self._ancestors(tip) if commit in common)
        known = github_description.example("commit-comparison")
        return Reply(200, {**known, "merge_base_commit": self._commit(shared)})

    def _commits(self, request: Request) -> Reply:
        query = request.query
        if query["sha"] not in self.parents:
            return _MISSING
        first = (int(query["page"]) - 1) * int(query["per_page"])
        known = list(self._ancestors(query["sha"]))
        return Reply(200, [self._commit(each) for each in known[first : first + int(query["per_page"])]])

    def _commit(self, commit: str) -> dict[str, Any]:
        known = github_description.example("commit-items")[0]
        parents = [{**known["parents"][0], "sha": parent} for parent in self.parents[commit]]
        return {**known, "sha": commit, "parents": parents}

    def _ancestors(self, commit: str) -> Iterator[str]:
        """A commit before its parents, both sides of a merge mixed, as git lists them by date."""
        waiting, seen = [commit], set[str]()
        while waiting:
            this = waiting.pop(0)
            if this not in seen:
                seen.add(this)
                yield this
                waiting += reversed(self.parents[this])

    def _run(self, request: Request) -> Reply:
        number = int(request.path[0])
        stored = next((each for each in self.actions.artifacts if each.run == number), None)
        if stored is None:
            return _MISSING
        known = github_description.example("workflow-run")
        homes = {"repository": REPOSITORY_ID, "head_repository": stored.home}
        told = {"id": number, "event": self.events[number], "head_sha": stored.head_sha, "head_branch": stored.branch}
        return Reply(200, {**known, **told, **{name: {**known[name], "id": home} for name, home in homes.items()}})
