"""Brings a release's assets to what they should be: look, do what is missing, look again, until nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from onnx_export_action.github.failure import Failed, Later, Unsure
from onnx_export_action.github.release.plan import Asset, Remove, Rename, Step, Upload, next_steps
from onnx_export_action.github.release.wanted import Wanted

_MOST_ASSETS = 1000
_PAUSE_SECONDS, _LONGEST_WAIT = 4.0, 60.0
_ROUNDS, _FAILURES = 12, 4


class Release(Protocol):
    """The assets of one release."""

    def assets(self) -> list[Asset]:
        """All of them, half ones too."""

    def upload(self, step: Upload) -> None:
        """Send a file."""

    def rename(self, step: Rename) -> None:
        """Another name for an asset."""

    def remove(self, asset: Asset) -> None:
        """Delete an asset."""


def settle(release: Release, wanted: Sequence[Wanted], job: str, closed: str, sleep: Callable[[float], None]) -> int:
    """How many files were sent; raises Failed where the release cannot be made right, at once where it is closed.

    A call without an answer may have been done: after it the assets are looked at, and nothing is sent twice.
    """
    failures, sent, known = 0, set[str](), set[int]()
    for _ in range(_ROUNDS):
        try:
            standing = release.assets()
            steps = next_steps(standing, wanted, job, known)
            if not steps:
                return len(sent)
            _refuse_impossible(steps, standing, closed)
            sent |= {step.name for step in steps if isinstance(step, Upload)}
            known |= {step.asset.id for step in steps if isinstance(step, Rename)}
            for step in steps:
                _do(step, release)
        except (Unsure, Later) as failure:
            failures += 1
            wait = failure.seconds if isinstance(failure, Later) else _PAUSE_SECONDS * failures
            if failures >= _FAILURES or wait > _LONGEST_WAIT:
                raise
            sleep(wait)
    raise Failed("The release's assets kept changing.")


def _do(step: Step, release: Release) -> None:
    match step:
        case Upload():
            release.upload(step)
        case Rename():
            release.rename(step)
        case Remove():
            release.remove(step.asset)


def _refuse_impossible(steps: Sequence[Step], standing: Sequence[Asset], closed: str) -> None:
    if closed:
        raise Failed(closed)
    if len(standing) + sum(isinstance(step, Upload) for step in steps) > _MOST_ASSETS:
        raise Failed(f"GitHub takes {_MOST_ASSETS:,} assets a release, and this one would have more.")
