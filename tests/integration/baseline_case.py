"""One look for a baseline on GitHub's API on this machine, and what was printed."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action import settings
from onnx_export_action.baseline.find import find
from onnx_export_action.baseline.found import Found
from onnx_export_action.github import context
from onnx_export_action.github.artifact.calls import Limits
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.records import NoBase, Request
from tests.factories import make_model
from tests.integration.github_api import PULL, REPOSITORY
from tests.integration.history_api import HistoryApi
from tests.unit.baseline import bundles

NAME = "encoder-onnx"
OWN_RUN = 5
# The base branch, oldest first; a pull request's head beside it, made from the fourth.
MAIN = [f"{number:040x}" for number in range(1, 7)]
HEAD = "e" * 40
MERGE_BASE = MAIN[3]
REPORT = bundles.report_of(request=Request(job="export", model="models/encoder"))
GOOD = bundles.zipped(bundles.bundle(REPORT))


def add_history(history: HistoryApi) -> None:
    """A straight base branch of six commits."""
    history.parents |= {commit: tuple(MAIN[place - 1 : place]) for place, commit in enumerate(MAIN)}
    history.parents[HEAD] = (MERGE_BASE,)
    history.branches["main"] = MAIN[-1]


@dataclass(frozen=True)
class Looked:
    """What came back, and the log."""

    found: Found | NoBase
    log: str
    folder: Path

    @property
    def warnings(self) -> list[str]:
        """The annotations."""
        return [line for line in self.log.splitlines() if line.startswith(("::warning", "::error"))]


def look(history: HistoryApi, folder: Path, event: dict[str, Any] | None = None, **overrides: str) -> Looked:
    """A job's search; lower-case overrides are inputs, others the runner's variables."""
    api = history.actions.api
    written = folder / "event.json"
    side = {"repo": {"full_name": REPOSITORY}}
    pull = {"number": PULL, "head": {"sha": HEAD, "ref": "feature", **side}}
    pull["base"] = {"sha": MAIN[-1], "ref": "main", **side}
    written.write_text(json.dumps({"pull_request": pull} if event is None else event), encoding="utf-8")
    variables = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(written),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": api.url,
        "GITHUB_RUN_ID": str(OWN_RUN),
        "GITHUB_JOB": "export",
        **{name: value for name, value in overrides.items() if name.isupper()},
    }
    inputs = {name.replace("_", "-"): value for name, value in overrides.items() if not name.isupper()}
    given = {"model": "models/encoder", "artifact-name": NAME, "github-token": api.token, **inputs}
    chosen = settings.parse({name: value for name, value in given.items() if value}, folder)
    printed, target = io.StringIO(), folder / "base"
    patience = Limits(answer_seconds=1, attempts=2, sleep=lambda _: None)
    found = find(chosen, make_model(), context.read(variables), target, RunnerLog(printed), patience)
    return Looked(found, printed.getvalue(), target)
