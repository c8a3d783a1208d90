"""A step of a job as the runner starts it: root inside, a workspace of somebody else, no network, no terminal."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from action import DOCKER, left_by, run_action, start_action

BUNDLE = {"model.onnx", "config.json", "tokenizer.json", "tokenizer_config.json", "manifest.json"}
REPORTS = {"report.json", "report.md", "report.html"}
MODEL = "models/tiny-bert"


def left_behind(workspace: Path) -> set[Path]:
    """Everything in the workspace but the model."""
    return {path for path in workspace.rglob("*") if "models" not in path.relative_to(workspace).parts}


def foreign(workspace: Path) -> list[Path]:
    """What the workspace's owner could not delete: it, or the folder that it lies in, belongs to another."""
    owner = workspace.stat().st_uid
    return [path for path in (workspace, *workspace.rglob("*")) if os.lstat(path).st_uid != owner]


def test_action__exports_a_local_model(image: str, checkout: Path) -> None:
    run = run_action(image, checkout, model=MODEL, benchmark_seconds="1")
    assert run.status == 0, run.log

    bundle = checkout / "onnx-export"
    assert {path.name for path in bundle.iterdir()} >= BUNDLE | REPORTS
    assert {path.relative_to(checkout).parts[0] for path in left_behind(checkout)} == {"onnx-export"}
    assert foreign(checkout) == []

    report = json.loads((checkout / run.outputs["report-json"]).read_text())
    onnx = checkout / run.outputs["onnx-path"]
    assert run.outputs["verdict"] == report["verdict"] == "pass"
    assert run.outputs["sha256"] == hashlib.sha256(onnx.read_bytes()).hexdigest()
    assert int(run.outputs["size-bytes"]) == sum(path.stat().st_size for path in bundle.glob("model.onnx*"))
    assert int(run.outputs["opset"]) == report["export"]["opset"]
    assert run.outputs["exporter"] == report["export"]["exporter"]
    assert 0 <= float(run.outputs["max-abs-diff"]) < 1e-3
    assert float(run.outputs["latency-p50-ms"]) > 0
    assert run.summary.rstrip() == (checkout / run.outputs["report-markdown"]).read_text().rstrip()
    assert (checkout / run.outputs["report-html"]).is_file()


@pytest.mark.parametrize("exporter", ["optimum", "transformers", "torch", "torchscript"])
def test_action__every_route_works_in_the_image(image: str, checkout: Path, exporter: str) -> None:
    run = run_action(image, checkout, model=MODEL, exporter=exporter, benchmark_seconds="0")
    assert run.status == 0, run.log
    assert (run.outputs["verdict"], run.outputs["exporter"]) == ("pass", exporter)
    assert foreign(checkout) == []


def test_action__a_cancelled_job_ends_with_its_report(image: str, checkout: Path) -> None:
    name = f"cancelled-{os.getpid()}"
    step = start_action(image, checkout, "--name", name, model=MODEL, exporter="torchscript")
    assert step.stdout is not None
    log = ""
    while "Export with torchscript" not in log:
        log += next(step.stdout)
    # Long enough for the export to be over: only the signal can be what ends the program.
    subprocess.run([DOCKER, "stop", "--time", "300", name], check=True, capture_output=True)
    run = left_by(checkout, step.wait(), log + step.stdout.read())
    assert run.status == 4, run.log
    assert {path.name for path in (checkout / "onnx-export").iterdir()} == REPORTS
    assert "The run was cancelled." in run.log
    assert "The run was cancelled." in run.summary
    assert run.outputs["verdict"] == "error"
    assert "Traceback" not in run.log
    assert foreign(checkout) == []


def test_action__a_wrong_input_is_an_error_with_its_remedy(image: str, checkout: Path) -> None:
    run = run_action(image, checkout, model=MODEL, task="text-clasification")
    assert run.status == 2
    assert run.outputs["verdict"] == "error"
    assert any(line.startswith("::error") and "text-classification" in line for line in run.log.splitlines())
    report = json.loads((checkout / run.outputs["report-json"]).read_text())
    assert report["verdict"] == "error"
    assert "text-clasification" in report["failure"]["message"]
    assert "text-classification" in run.summary
    assert "Traceback" not in run.log
    assert foreign(checkout) == []


def test_action__a_hub_model_without_a_network_is_the_surroundings_fault(image: str, workspace: Path) -> None:
    run = run_action(image, workspace, model="owner/model")
    assert run.status == 4, run.log
    assert run.outputs["verdict"] == "error"
    assert "Traceback" not in run.log
    assert foreign(workspace) == []
