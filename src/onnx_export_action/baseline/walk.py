"""Which artifact is the right one; pure. Whoever may not push to the repository has no say in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from onnx_export_action.baseline.history import Run
from onnx_export_action.github.artifact.download import Artifact

# A pull request's run has the head's commit and the files of a merge with the base, so it is none of these.
TRUSTED_EVENTS = ("push", "merge_group", "schedule", "workflow_dispatch")


def eligible(artifacts: Iterable[Artifact], name: str, own_run: int) -> dict[str, list[Artifact]]:
    """The artifacts by commit, the newest first, that by their listing are this repository's own and still there."""
    found: dict[str, list[Artifact]] = {}
    for artifact in sorted(artifacts, key=lambda each: -each.id):
        run = artifact.workflow_run
        if artifact.expired or artifact.name != name or run is None or run.id == own_run or not run.head_sha:
            continue
        # A fork's artifacts are listed too, and its branch may be named as ours is.
        if run.repository_id is not None and run.repository_id == run.head_repository_id:
            found.setdefault(run.head_sha, []).append(artifact)
    return found


def nearest(line: Iterable[str], candidates: Mapping[str, list[Artifact]]) -> Iterator[tuple[int, Artifact]]:
    """The candidates on a line of commits with their distance, the nearest first; asks for no commit too many."""
    left = dict(candidates)
    if not left:
        return
    for distance, commit in enumerate(line):
        for artifact in left.pop(commit, ()):
            yield distance, artifact
        if not left:
            return


def is_trusted(run: Run, artifact: Artifact) -> bool:
    """Whether somebody who may push started the run, on the commit and in the repository that the listing says."""
    listed = artifact.workflow_run
    return (
        listed is not None
        and run.id == listed.id
        and run.head_sha == listed.head_sha
        and run.event in TRUSTED_EVENTS
        and run.head_repository is not None
        and run.head_repository.id == run.repository.id == listed.repository_id
    )
