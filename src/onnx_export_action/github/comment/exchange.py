"""One comment a pull request, shared by all jobs of a workflow: read, merge, write, and read again until it is right.

GitHub keeps whatever was written last and knows no condition on a write, so of two jobs that read the
same text one loses its part. A job may leave only when no such write is still to come: once one text
with its part has stood for a pause that is longer than a job needs between its reading and its
writing. Who had read before that text has written by then, and it would not stand any more; who
reads after it carries the part on. Each write has a number of its own, since the same words written
again are not a text that stood (the delay of Fischer's mutual exclusion, by L. Lamport: "A fast
mutual exclusion algorithm", 1987).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from onnx_export_action.github.comment import text as comment_text
from onnx_export_action.github.comment.page import NAME, Part
from onnx_export_action.github.context import Context
from onnx_export_action.github.failure import Failed, Later, Missing, Unsure

SETTLING_SECONDS = 4.0
_LONGEST_WAIT = 60.0
_ROUNDS = 12
_FAILURES = 3
_NUMBER = re.compile(rf"\n<!-- {NAME}:write [0-9a-f]{{16}} -->\s*$")


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
    failures, differs, before = 0, always, None
    for number in range(_ROUNDS):
        try:
            if not differs and (standing := _says_it_already(comments, own, context)):
                return standing.url
            differs = True
            standing = _round(comments, own, context)
            if before and _is_same(standing, before):
                return standing.url
            before = standing
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


def _round(comments: Comments, own: Sequence[Part], context: Context) -> Standing:
    """One step towards one right comment; the one that stands after it, as far as this job knows."""
    marked = _marked(comments, context)
    wanted = comment_text.merged((standing.body for standing in marked), own, context)
    if not marked:
        return comments.create(_numbered(wanted))
    # Two jobs may each have found none and made one: the older stays, as both see it first.
    first, *others = marked
    if _said(first.body) != _said(wanted):
        first = replace(first, body=_numbered(wanted))
        comments.update(first.id, first.body)
        return first
    for other in others:
        _remove(comments, other, first)
    return first


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


def _is_same(standing: Standing, before: Standing) -> bool:
    return standing.id == before.id and _normal(standing.body) == _normal(before.body)


def _numbered(body: str) -> str:
    return f"{body}<!-- {NAME}:write {secrets.token_hex(8)} -->\n"


def _said(body: str) -> str:
    """Without the number of the write."""
    return _normal(_NUMBER.sub("", _normal(body)))


def _normal(body: str) -> str:
    """Without what a server may change in a text that it keeps."""
    return "\n".join(line.rstrip() for line in body.strip().splitlines())
