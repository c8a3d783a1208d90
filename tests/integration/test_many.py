"""Many models in one job: each has its folder, report and artifact; what is said is said of all."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import program
from tests.integration.artifact_server import ArtifactServer, running
from tests.integration.comment_case import environment
from tests.integration.github_api import REPOSITORY, running_api
from tests.integration.process import started
from tests.integration.program import Outcome, assert_error
from tests.integration.test_onnx_file import two_layers, write

MODELS = """
opset: 17
models:
  - model: right.onnx
  - {name: promised, model: right.onnx, opset: 18}
  - model: nowhere/at/all
  - {name: last, model: right.onnx, comment: never}
"""


@pytest.fixture
def github() -> Iterator[ArtifactServer]:
    with running() as server:
        yield server


def workspace(folder: Path, content: str = MODELS) -> Path:
    write(folder / "right.onnx", two_layers(opset=17))
    (folder / "models.yml").write_text(content)
    return folder


def of(outcome: Outcome, name: str) -> dict[str, str]:
    """What the output `results` says of one model."""
    (found,) = (each for each in json.loads(outcome.outputs["results"]) if each["name"] == name)
    return {key: value for key, value in found.items() if key != "name"}


@pytest.mark.usefixtures("waits")
def test_run__one_models_failure_stops_no_other(github: ArtifactServer, tmp_path: Path) -> None:
    with running_api() as api:
        runner = {**environment(api, tmp_path), **github.environment(), "GITHUB_REPOSITORY": REPOSITORY}
        given = {"config": "models.yml", "github-token": api.token, "baseline": "none"}
        outcome = program.run(workspace(tmp_path), given, environment=runner)
        (comment,) = api.texts()
    verdicts = {"right": "pass", "promised": "fail", "nowhere-at-all": "error", "last": "pass"}
    assert outcome.status == 2, outcome.log
    assert {name: of(outcome, name)["verdict"] for name in verdicts} == verdicts
    assert outcome.outputs["verdict"] == "error"
    assert outcome.outputs["onnx-path"] == of(outcome, "right")["onnx-path"] == "onnx-export/right/model.onnx"
    assert of(outcome, "promised")["onnx-path"] == "onnx-export/promised/model.failed.onnx"
    for name, verdict in verdicts.items():
        report = json.loads((tmp_path / of(outcome, name)["report-json"]).read_text())
        assert report["verdict"] == verdict
    names = ["last-onnx", "nowhere-at-all-onnx-failed", "promised-onnx-failed", "right-onnx"]
    assert sorted(artifact.name for artifact in github.finished().values()) == names
    assert outcome.summary.startswith("### ❌ 2 of 4 ONNX exports did not pass\n\n| verdict | model |")
    assert [outcome.summary.count(f"\n## `{name}`\n") for name in verdicts] == [1, 1, 1, 1]
    assert "::error title=onnx-export-action::nowhere-at-all: model not found" in outcome.log
    assert "2 of 3 ONNX exports did not pass" in comment
    assert "name promised" in comment
    assert "name last" not in comment


def test_run__nothing_is_begun_where_an_entry_is_wrong(tmp_path: Path) -> None:
    outcome = program.run(workspace(tmp_path, MODELS.replace("opset: 18", "opset: 99")), {"config": "models.yml"})
    assert_error(outcome, 2, "models.yml, entry 2 (promised): opset: too new")
    assert "results" not in outcome.outputs
    assert outcome.names() == {"report.json", "report.md", "report.html"}


def test_run__a_job_of_a_matrix_runs_its_own_model(tmp_path: Path) -> None:
    given = {"mode": "plan", "config": "models.yml"}
    plan = program.run(workspace(tmp_path), given)
    assert plan.status == 0, plan.log
    names = [job["name"] for job in json.loads(plan.outputs["matrix"])["include"]]
    assert names == ["right", "promised", "nowhere-at-all", "last"]
    assert not (tmp_path / "onnx-export").exists()
    (tmp_path / "onnx-export").mkdir()
    write(tmp_path / "onnx-export" / "model.onnx")  # of an earlier run, on one model
    outcome = program.run(tmp_path, {"config": "models.yml", "model": names[-1]})
    assert outcome.status == 0, outcome.log
    assert [each["name"] for each in json.loads(outcome.outputs["results"])] == ["last"]
    assert outcome.report["request"]["inputs"]["name"] == "last"
    assert [path.name for path in (tmp_path / "onnx-export").iterdir()] == ["last"]
    assert (tmp_path / "onnx-export" / "last" / "model.onnx").is_file()


def test_run__a_cancelled_job_begins_no_other_model(tmp_path: Path) -> None:
    given = {"config": "models.yml", "benchmark-seconds": "300"}
    with started(workspace(tmp_path), given) as process:
        process.until("Benchmark")
        process.until_a_worker_runs()
        process.send(signal.SIGTERM)
        outcome = process.end()
        assert process.family() == []
    assert outcome.status == 4, outcome.log
    assert [each["name"] for each in json.loads(outcome.outputs["results"])] == ["right"]
    assert outcome.outputs["verdict"] == "error"
    assert "The run was cancelled before these were begun: promised, nowhere-at-all, last" in outcome.log
