"""What a job's token may do, by the `permissions` of its workflow, as GitHub grants them in a private repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

Permissions = Mapping[str, str]
# By GitHub's pages of each route, which name the permission that it needs.
_NEEDS = (
    (r"/repos/[^/]+/[^/]+/(issues/.*comments.*|pulls.*)", "pull-requests"),
    (r"/repos/[^/]+/[^/]+/actions/.*", "actions"),
    (r"/repos/[^/]+/[^/]+/(releases|compare|commits|git).*", "contents"),
)


def of_job(workflow: Path, from_fork: bool) -> Permissions:
    """The permissions of the workflow's only job; a fork's pull request gets none to write."""
    (job,) = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    granted: dict[str, str] = job["permissions"]
    return {name: "read" if from_fork else level for name, level in granted.items()}


def allow(granted: Permissions, method: str, path: str) -> bool:
    """Whether a token with these permissions may make this call; who it belongs to, it may always ask."""
    for pattern, name in _NEEDS:
        if re.fullmatch(pattern, path):
            return granted.get(name) == "write" or (method == "GET" and granted.get(name) == "read")
    return not path.startswith("/repos/")
