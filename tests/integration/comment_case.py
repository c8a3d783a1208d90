"""What one job says on a pull request of the API on this machine, and what it printed."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action import settings
from onnx_export_action.github import context
from onnx_export_action.github.comment import announce
from onnx_export_action.github.comment.announce import Said
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.records import Publication, Report
from tests.factories import make_report
from tests.integration.github_api import PULL, REPOSITORY, GitHubApi


@dataclass(frozen=True)
class Told:
    """The outcome of one job."""

    said: Said
    log: str

    @property
    def warnings(self) -> list[str]:
        """The annotations."""
        return [line for line in self.log.splitlines() if line.startswith(("::warning", "::error"))]


def environment(api: GitHubApi, folder: Path, **overrides: str) -> dict[str, str]:
    """A runner's, on a pull request of this repository."""
    side = {"sha": "a" * 40, "repo": {"full_name": REPOSITORY}}
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": PULL, "head": side, "base": side}}), encoding="utf-8")
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": api.url,
        "GITHUB_RUN_ID": "5",
        "GITHUB_WORKFLOW": "CI",
        "GITHUB_JOB": "export",
        **overrides,
    }


def tell(
    api: GitHubApi, folder: Path, report: Report | None = None, model: str = "acme/encoder", **overrides: str
) -> Told:
    """One job's comment; lower-case overrides are inputs, others the runner's variables."""
    variables = {name: value for name, value in overrides.items() if name.isupper()}
    inputs = {name.replace("_", "-"): value for name, value in overrides.items() if not name.isupper()}
    chosen = settings.parse({"model": model, "github-token": api.token, **inputs}, folder)
    printed = io.StringIO()
    here = context.read(environment(api, folder, **variables))
    asked = settings.request_of(chosen, here.job)
    made = (report or make_report()).model_copy(update={"request": asked})
    said = announce.comment_on([(made, Publication())], chosen, here, RunnerLog(printed))
    return Told(said, printed.getvalue())
