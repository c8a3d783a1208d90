"""What GitHub knows of commits and runs; each method raises a `github.failure.Failed` with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, TypeAdapter

from onnx_export_action.github import rest

_PAGES = 5
_A_PAGE = 100
_T = TypeVar("_T")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Part):
    id: int


class Run(_Part):
    """A run of a workflow."""

    id: int
    event: str
    head_sha: str
    repository: _Repository
    head_repository: _Repository | None = None


class _Sha(_Part):
    sha: str


class _Commit(_Sha):
    parents: tuple[_Sha, ...]


_Page = TypeAdapter(tuple[_Commit, ...])


class _Compared(_Part):
    merge_base_commit: _Sha


class History:
    """The commits and runs of one repository."""

    def __init__(self, api_url: str, token: str, repository: str) -> None:
        self._github, self._base = rest.connect(api_url, token), f"{api_url}/repos/{repository}"

    def close(self) -> None:
        """Close the connections."""
        self._github.close()

    def merge_base(self, base: str, head: str) -> str:
        """The commit that a branch and a pull request's head have in common."""
        route = f"compare/{quote(base, safe='')}...{quote(head, safe='')}"
        return self._asked(route, {"per_page": 1}, "the merge base", _Compared.model_validate).merge_base_commit.sha

    def line(self, start: str) -> Iterator[str]:
        """A commit and those before it on its own branch, the side of a merge left out; a page at a time."""
        yield start
        commit, parents = start, dict[str, str]()
        for page in range(1, _PAGES + 1):
            query = {"sha": start, "per_page": _A_PAGE, "page": page}
            found = self._asked("commits", query, "the commits before it", _Page.validate_python)
            parents |= {each.sha: each.parents[0].sha for each in found if each.parents}
            while commit in parents:
                commit = parents.pop(commit)
                yield commit
            if len(found) < _A_PAGE:
                return

    def run(self, number: int) -> Run:
        """One run."""
        return self._asked(f"actions/runs/{number}", {}, "the run of an artifact", Run.model_validate)

    def _asked(self, route: str, query: dict[str, Any], what: str, shape: Callable[[Any], _T]) -> _T:
        address, ask = f"{self._base}/{route}", self._github.requester.requestJsonAndCheck
        return rest.read(lambda: shape(ask("GET", address, query)[1]), what)
