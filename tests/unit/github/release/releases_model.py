"""A release's assets as GitHub keeps them, and calls that break off before or after they are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx_export_action.github.failure import Failed, Unsure
from onnx_export_action.github.release.plan import Asset, Remove, Rename, Step, Upload, label_of
from onnx_export_action.github.release.wanted import Wanted

JOB = "0123abcd"
Outcome = str


def make_wanted(name: str = "m--model.onnx", content: int = 1, **overrides: Any) -> Wanted:
    """An asset to be, by a small number for its content."""
    return Wanted(**{"name": name, "source": b"", "size": content, "sha256": f"{content:064x}", **overrides})


def make_asset(name: str = "m--model.onnx", content: int = 1, job: str = JOB, **overrides: Any) -> Asset:
    """The asset of a job; of nobody's where there is no job."""
    known = {"id": 1, "name": name, "label": label_of(name, job) if job else None, "state": "uploaded", "size": content}
    return Asset.model_validate({**known, "digest": f"sha256:{content:064x}", **overrides})


@dataclass
class Release:
    """Takes an outcome a write: `ok`, `lost`, `unheard` (done all the same), `half` (an upload that is none)."""

    standing: list[Asset] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    tells_digests: bool = True
    last: int = 100

    def assets(self) -> list[Asset]:
        return list(self.standing)

    def upload(self, step: Upload) -> None:
        wanted = step.wanted
        known = {"name": step.name, "label": step.label, "size": wanted.size, "digest": f"sha256:{wanted.sha256}"}
        outcome = self._outcome(f"upload {wanted.name}")
        if outcome != "lost":
            self._refuse_taken(step.name)
            self.last += 1
            known |= {"id": self.last, "state": "starter" if outcome == "half" else "uploaded"}
            known |= {"size": 0} if outcome == "half" else {}
            known |= {} if self.tells_digests else {"digest": None}
            self.standing.append(Asset.model_validate(known))
        self._tell(outcome)

    def rename(self, step: Rename) -> None:
        outcome = self._outcome(f"rename {step.name}")
        if outcome in ("ok", "unheard"):
            self._refuse_taken(step.name)
            changed = {"name": step.name, "label": step.label}
            self.standing = [
                each.model_copy(update=changed) if each.id == step.asset.id else each for each in self.standing
            ]
        self._tell(outcome)

    def remove(self, asset: Asset) -> None:
        outcome = self._outcome(f"remove {asset.name}")
        if outcome in ("ok", "unheard"):
            self.standing = [each for each in self.standing if each.id != asset.id]
        self._tell(outcome)

    def content(self) -> dict[str, int]:
        """The whole assets."""
        return {each.name: each.size for each in self.standing if each.state == "uploaded"}

    def _outcome(self, write: str) -> Outcome:
        self.writes.append(write)
        return self.outcomes.pop(0) if self.outcomes else "ok"

    def _tell(self, outcome: Outcome) -> None:
        if outcome != "ok":
            raise Unsure("No answer.")

    def _refuse_taken(self, name: str) -> None:
        if any(each.name == name for each in self.standing):
            raise Failed(f"{name} is taken")


def names(steps: Sequence[Step]) -> list[str]:
    """What steps do, in words."""
    return [
        f"{type(step).__name__.lower()} {step.asset.name if isinstance(step, Remove) else step.name}" for step in steps
    ]
