"""A bundle in a folder, attached to a release of GitHub's on this machine, and what the job printed."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action import bundle, settings
from onnx_export_action.github.release.attach import Attached, attach
from onnx_export_action.github.release.wanted import Cut
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.records import Report
from tests.factories import make_graph, make_model, make_report
from tests.integration.github_api import REPOSITORY, GitHubApi

SMALL = Cut(limit=4096, part=1500)
FILES = {
    "model.onnx": b"onnx" * 200,
    "model.onnx_data": bytes(range(256)) * 20,
    "config.json": b'{"model_type": "bert"}',
    "tokenizer.json": b"{}",
}
# Of these files, the data is in four parts.
ASSETS = {
    "sentiment--model.onnx",
    *(f"sentiment--model.onnx_data.part00{number}" for number in range(1, 5)),
    "sentiment--config.json",
    "sentiment--tokenizer.json",
    "sentiment--manifest.json",
    "sentiment--report.json",
    "sentiment--report.html",
    "sentiment--SHA256SUMS",
}


@dataclass(frozen=True)
class Done:
    """The outcome of one job."""

    attached: Attached
    log: str

    @property
    def warnings(self) -> list[str]:
        """The annotations."""
        return [line for line in self.log.splitlines() if line.startswith(("::warning", "::error"))]


def write_bundle(folder: Path, files: dict[str, bytes] | None = None) -> Report:
    """A bundle as a run leaves it, and its report."""
    folder.mkdir(exist_ok=True)
    for path, content in (FILES if files is None else files).items():
        (folder / path).write_bytes(content)
    for name in ("report.json", "report.md", "report.html"):
        (folder / name).write_text(f"The {name}.\n")
    written = bundle.write_manifest(folder)
    external = tuple(file.path for file in written if file.path.endswith("_data"))
    model = make_model(id="sentiment")
    return make_report(model=model, request=None, files=written, graph=make_graph(external_files=external))


def on_release(api: GitHubApi, folder: Path, number: int = 300, action: str = "published") -> dict[str, str]:
    """A runner's variables on a release's event."""
    event = folder / "event.json"
    event.write_text(json.dumps({"action": action, "release": {"id": number, "tag_name": "v1.0.0"}}))
    return {**on_tag(api), "GITHUB_EVENT_NAME": "release", "GITHUB_EVENT_PATH": str(event)}


def on_tag(api: GitHubApi, tag: str = "v1.0.0", event: str = "push") -> dict[str, str]:
    """A runner's variables on a tag that was pushed."""
    return {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_REF_TYPE": "tag",
        "GITHUB_REF_NAME": tag,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": api.url,
        "GITHUB_JOB": "export",
    }


def deliver(
    api: GitHubApi,
    folder: Path,
    report: Report | None = None,
    variables: dict[str, str] | None = None,
    cut: Cut = SMALL,
    **inputs: str,
) -> Done:
    """One job's delivery, on a release's event unless it is told otherwise."""
    given = {
        "model": "sentiment",
        "github-token": api.token,
        **{name.replace("_", "-"): inputs[name] for name in inputs},
    }
    chosen = settings.parse(given, folder)
    made = write_bundle(folder / "onnx-export") if report is None else report
    printed = io.StringIO()
    environment = on_release(api, folder) if variables is None else variables
    attached = attach(made, folder / "onnx-export", chosen, environment, RunnerLog(printed), cut)
    assert "Traceback" not in printed.getvalue()
    assert api.token not in printed.getvalue()
    return Done(attached, printed.getvalue())
