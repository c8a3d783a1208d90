"""The release that a run is for: the event's own, or that of the tag that was pushed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from onnx_export_action.github.context import content_of
from onnx_export_action.github.failure import Failed

_GONE = ("deleted", "unpublished")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Release(_Part):
    id: Annotated[int, Field(ge=1, lt=1 << 60)]
    tag_name: Annotated[str, Field(min_length=1)]


class _Event(_Part):
    action: str = ""
    release: _Release


class Target(_Part):
    """A release by its number where the event names one, else by its tag."""

    tag: str
    number: int | None = None


def target_of(environment: Mapping[str, str], always: bool) -> Target | None:
    """The release of a release's event or a pushed tag, of any run on a tag where `always`; raises Failed."""
    event = environment.get("GITHUB_EVENT_NAME", "")
    if event == "release":
        return _of_event(Path(environment.get("GITHUB_EVENT_PATH") or "no event file"))
    tag = environment.get("GITHUB_REF_NAME", "") if environment.get("GITHUB_REF_TYPE") == "tag" else ""
    return Target(tag=tag) if tag and (event == "push" or always) else None


def _of_event(path: Path) -> Target | None:
    try:
        found = _Event.model_validate_json(content_of(path))
    except OSError as error:
        raise Failed(f"The event file of the runner cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise Failed("The event file of the runner does not describe a release.") from None
    return None if found.action in _GONE else Target(tag=found.release.tag_name, number=found.release.id)
