"""A repository as the search sees it, in memory: commits, runs, artifacts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from onnx_export_action.baseline.history import History, Run
from onnx_export_action.github.artifact.download import Artifact, Artifacts
from tests.unit.baseline import bundles

OURS, FORK = 1, 2
NAME = "encoder-onnx"


@dataclass(frozen=True)
class Kept:
    """An artifact with all that can be said of it."""

    commit: str
    event: str = "push"
    fork: bool = False
    lies: bool = False  # the run is one of another commit than the listing says
    expired: bool = False
    name: str = NAME
    content: dict[str, bytes] = field(default_factory=bundles.bundle)
    run: int = 0


class Repository(History, Artifacts):
    """Answers what GitHub would, and counts the calls."""

    def __init__(self, parents: dict[str, tuple[str, ...]], kept: list[Kept]) -> None:
        self.parents, self.kept, self.calls = parents, kept, 0

    def merge_base(self, base: str, head: str) -> str:
        """The branch is named after its commit."""
        del head
        self.calls += 1
        return base

    def line(self, start: str) -> Iterator[str]:
        """First parents."""
        commit: str | None = start
        while commit is not None:
            yield commit
            commit = next(iter(self.parents[commit]), None)

    def run(self, number: int) -> Run:
        """The run of an artifact of the same number."""
        self.calls += 1
        kept = self.kept[number - 1]
        head = {"id": FORK if kept.fork else OURS}
        commit = "f" * 40 if kept.lies else kept.commit
        given = {"id": number, "event": kept.event, "head_sha": commit, "repository": {"id": OURS}}
        return Run.model_validate({**given, "head_repository": head})

    def named(self, name: str) -> list[Artifact]:
        """All of the repository, as a careless server might answer."""
        del name
        self.calls += 1
        return [self._listed(number, kept) for number, kept in enumerate(self.kept, start=1)]

    @contextmanager
    def open(self, artifact: Artifact, most: int = 0) -> Iterator[zipfile.ZipFile]:
        """The archive."""
        del most
        self.calls += 1
        with zipfile.ZipFile(io.BytesIO(bundles.zipped(self.kept[artifact.id - 1].content))) as archive:
            yield archive

    def _listed(self, number: int, kept: Kept) -> Artifact:
        run = {
            "id": number,
            "repository_id": OURS,
            "head_repository_id": FORK if kept.fork else OURS,
            "head_branch": "main",
            "head_sha": kept.commit,
        }
        known = {"id": number, "name": kept.name, "size_in_bytes": 1, "expired": kept.expired, "workflow_run": run}
        return Artifact.model_validate(known)
