"""One comment a pull request, shared by all jobs of a workflow: read, merge, write, and read again until it is right.

GitHub keeps whatever was written last and knows no condition on a write. So two jobs that read the
same text would lose one part, if the first were content once it had seen its own. Therefore each
looks again after a pause that is longer than another job needs between its reading and its writing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from onnx_export_action.github.comment import text as comment_text
from onnx_export_action.github.comment.page import Part
from onnx_export_action.github.context import Context
from onnx_export_action.github.failure import Failed, Later, Missing, Unsure

SETTLING_SECONDS = 4.0
_LONGEST_WAIT = 60.0
_ROUNDS = 12
_FAILURES = 3


@dataclass(frozen=True)
class Standing:
    """A comment of ours as it stands."""

    id: int
    body: str
    url: str


class Comments(Protocol):
    """The comments of one pull request."""

    def own(self) -> list[Standing]:
        """Those of the token's owner, oldest first."""

    def create(self, body: str) -> Standing:
        """A new one."""

    def update(self, comment: int, body: str) -> None:
        """Another text for one of ours."""

    def delete(self, comment: int) -> None:
        """Remove one of ours."""


def write(
    comments: Comments, own: Sequence[Part], context: Context, always: bool, sleep: Callable[[float], None]
) -> str:
    """The address of the comment that says what our parts say; raises Failed where none could be made to."""
    failures, differs = 0, always
    for number in range(_ROUNDS):
        try:
            if not differs and (standing := _says_it_already(comments, own, context)):
                return standing.url
            differs = True
            if found := _round(comments, own, context):
                return found.url
            sleep(_settling(own) if number else SETTLING_SECONDS)
        except (Unsure, Later) as failure:
            failures += 1
            wait = failure.seconds if isinstance(failure, Later) else SETTLING_SECONDS * failures
            if failures >= _FAILURES or wait > _LONGEST_WAIT:
                raise
            sleep(wait)
    raise Failed("Other jobs kept changing the comment.")


def _settling(own: Sequence[Part]) -> float:
    """Longer by another time for each job: those that wrote at once would for ever write at once."""
    return SETTLING_SECONDS * (1 + int(own[0].key[:4], 16) / 0xFFFF)


def _says_it_already(comments: Comments, own: Sequence[Part], context: Context) -> Standing | None:
    marked = _marked(comments, context)
    if len(marked) != 1:
        return None
    standing = comment_text.newest(comment_text.parts_of(marked[0].body))
    said = (part.key in standing and standing[part.key].row.says_the_same_as(part.row) for part in own)
    return marked[0] if all(said) else None


def _round(comments: Comments, own: Sequence[Part], context: Context) -> Standing | None:
    """One step towards one right comment; None after a change, which another look must confirm."""
    marked = _marked(comments, context)
    wanted = comment_text.merged((standing.body for standing in marked), own, context)
    if not marked:
        comments.create(wanted)
        return None
    # Two jobs may each have found none and made one: the older stays, as both see it first.
    first, *others = marked
    if _normal(first.body) != _normal(wanted):
        comments.update(first.id, wanted)
        return None
    for other in others:
        _remove(comments, other, first)
    return None if others else first


def _remove(comments: Comments, other: Standing, right: Standing) -> None:
    """Whatever comes of it, the comment that stays is right already."""
    try:
        comments.delete(other.id)
    except Failed as failure:
        # What is missing may have been removed by another job: the next look tells.
        known = Unsure(str(failure)) if isinstance(failure, Missing) else failure
        known.standing = right.url
        raise known from None


def _marked(comments: Comments, context: Context) -> list[Standing]:
    return [standing for standing in comments.own() if comment_text.is_marked(standing.body, context.workflow)]


def _normal(body: str) -> str:
    """Without what a server may change in a text that it keeps."""
    return "\n".join(line.rstrip() for line in body.strip().splitlines())
