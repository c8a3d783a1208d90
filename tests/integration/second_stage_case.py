"""The second stage before the API on this machine: what a run left, the event that tells of it, and what was done."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action.records import Report
from onnx_export_action.report import document
from tests.factories import make_model, make_report, make_request
from tests.integration import program
from tests.integration.github_actions_api import HEAD, ActionsApi
from tests.integration.github_api import PULL, REPOSITORY, GitHubApi

RUN = 5
FORK = "mallory/models"
WORKFLOW = "ONNX of pull requests"


@dataclass(frozen=True)
class Done:
    """The outcome of the second stage."""

    outcome: program.Outcome

    @property
    def annotations(self) -> list[str]:
        """The warnings and errors."""
        return [line for line in self.outcome.log.splitlines() if line.startswith(("::warning", "::error"))]


def report_of(model: str = "acme/encoder", **overrides: Any) -> Report:
    """A report as the first stage leaves it."""
    return make_report(**{"model": make_model(id=model), "request": make_request(model), **overrides})


def archive(report: Report | str | bytes, **files: bytes) -> bytes:
    """A bundle with that report; other files by name, with `_` for a dot."""
    text = document.to_json(report) if isinstance(report, Report) else report
    return packed({"manifest.json": b"{}", "report.json": text, **{k.replace("_", "."): v for k, v in files.items()}})


def packed(files: dict[str, str | bytes]) -> bytes:
    """A zip of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return written.getvalue()


def event(head: str = FORK, **overrides: Any) -> dict[str, Any]:
    """What GitHub says of a finished run; a fork's lists no pull request."""
    owner = {"login": head.split("/")[0]}
    run = {
        "id": RUN,
        "run_attempt": 1,
        "name": WORKFLOW,
        "event": "pull_request",
        "head_sha": HEAD,
        "head_branch": "feature",
        "head_repository": {"full_name": head, "owner": owner},
        "pull_requests": [],
        **overrides,
    }
    return {"action": "completed", "workflow": {"name": WORKFLOW}, "workflow_run": run}


def environment(api: GitHubApi, folder: Path, told: object, **overrides: str) -> dict[str, str]:
    """A runner's, in the second workflow."""
    path = folder / "event.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return {
        "GITHUB_EVENT_NAME": "workflow_run",
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": api.url,
        "GITHUB_RUN_ID": "900",
        "GITHUB_RUN_ATTEMPT": "3",
        "GITHUB_SHA": "d" * 40,
        "GITHUB_WORKFLOW": "ONNX comment",
        "GITHUB_JOB": "comment",
        **overrides,
    }


def second_stage(
    actions: ActionsApi, folder: Path, told: object = None, inputs: dict[str, str] | None = None, **overrides: str
) -> Done:
    """One run of the program in the second workflow."""
    given = {"mode": "report", "github-token": actions.api.token, **(inputs or {})}
    variables = environment(actions.api, folder, event() if told is None else told, **overrides)
    return Done(program.run(folder, given, environment=variables))


def open_pull(actions: ActionsApi, **overrides: Any) -> None:
    """The fork's pull request."""
    actions.open_pull(**{"number": PULL, "head": FORK, **overrides})
