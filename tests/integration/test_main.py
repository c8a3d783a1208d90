"""What a whole run leaves: files, outputs, summary, log; for a right file, a wrong one, and a defect of our own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

import onnx_export_action.program
from onnx_export_action import sources
from onnx_export_action.exporters import attempt
from onnx_export_action.workers.pool import Pool
from tests.integration import program
from tests.integration.program import SERVICES, Outcome, workers_find
from tests.unit.sources.models import write_model

SECRET = "hf_abcdefghijklmnopqrstuvwxyz"
BUNDLE = {"model.onnx", "config.json", "tokenizer.json", "tokenizer_config.json"}
REPORTS = {"manifest.json", "report.json", "report.md", "report.html"}


@pytest.fixture(scope="module")
def measured(models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run with everything: a token that nobody may see, a benchmark, a folder of the user's choice."""
    workspace = tmp_path_factory.mktemp("measured")
    shutil.copytree(models("distilbert"), workspace / "model")
    inputs = {
        "model": "model",
        "output-dir": "out/onnx",
        "benchmark-seconds": "0.5",
        "hf-token": SECRET,
        "threads": "2",
    }
    return program.run(workspace, inputs, environment={"HF_TOKEN": SECRET, "GITHUB_TOKEN": SECRET})


def test_main__passes_and_leaves_the_whole_bundle(measured: Outcome) -> None:
    assert measured.status == 0, measured.log
    assert measured.names() == BUNDLE | REPORTS
    assert measured.report["verdict"] == "pass"
    assert measured.report["model"] == {
        **measured.report["model"],
        "id": "model",
        "revision": None,
        "task": "text-classification",
        "architecture": "DistilBertForSequenceClassification",
        "model_type": "distilbert",
    }


def test_main__outputs_are_those_of_the_report(measured: Outcome) -> None:
    report, outputs, model = measured.report, measured.outputs, measured.folder / "model.onnx"
    assert outputs == {
        "verdict": "pass",
        "onnx-path": "out/onnx/model.onnx",
        "report-json": "out/onnx/report.json",
        "report-markdown": "out/onnx/report.md",
        "report-html": "out/onnx/report.html",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "size-bytes": str(model.stat().st_size),
        "opset": "18",
        "exporter": "torchscript",
        "max-abs-diff": str(report["validation"]["max_abs_diff"]),
        "latency-p50-ms": outputs["latency-p50-ms"],
    }
    assert float(outputs["latency-p50-ms"]) == pytest.approx(report["benchmark"]["latency_ms"]["p50"], rel=1e-3)
    workspace = measured.folder.parents[1]
    assert all((workspace / outputs[name]).is_file() for name in outputs if name.endswith("path") or "report" in name)


def test_main__manifest_lists_every_file_with_its_hash(measured: Outcome) -> None:
    manifest = json.loads((measured.folder / "manifest.json").read_text())
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    assert listed == {name: hashlib.sha256((measured.folder / name).read_bytes()).hexdigest() for name in BUNDLE}
    assert measured.report["files"] == manifest["files"]


def test_main__summary_is_the_markdown_report(measured: Outcome) -> None:
    assert measured.summary == (measured.folder / "report.md").read_text(encoding="utf-8")


def test_main__benchmark_says_where_it_comes_from(measured: Outcome) -> None:
    benchmark = measured.report["benchmark"]
    assert {timing["runtime"] for timing in benchmark["timings"]} == {"onnxruntime", "pytorch"}
    assert len({timing["shape"] for timing in benchmark["timings"]}) == 2
    assert (benchmark["provider"], benchmark["threads"]) == ("CPUExecutionProvider", 2)
    assert benchmark["load_ms"] > 0
    assert measured.report["environment"]["versions"]["onnxruntime"]


def test_main__token_is_nowhere(measured: Outcome) -> None:
    assert f"::add-mask::{SECRET}" in measured.log
    assert SECRET not in measured.log.replace(f"::add-mask::{SECRET}", "")
    workspace = measured.folder.parents[1]
    for path in workspace.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_main__no_path_of_the_machine_is_in_the_reports(measured: Outcome) -> None:
    for name in REPORTS:
        assert str(measured.folder.parents[1]) not in (measured.folder / name).read_text(encoding="utf-8")


def test_main__reproduce_is_a_command_that_the_program_takes(measured: Outcome) -> None:
    words = measured.report["reproduce"].split()
    assert words[0] == "onnx-export-action"
    assert words[1:5] == ["--model", "model", "--task", "text-classification"]
    again = program.run(measured.folder.parents[1], {}, flags=[*words[1:], "--exporter", "nothing"])
    assert "exporter: " in again.failure
    assert "unknown" not in again.failure


def test_main__flags_win_over_the_environment_and_the_terminal_has_no_commands(tmp_path: Path) -> None:
    outcome = program.run(
        tmp_path, {"model": "one"}, flags=["run", "--model", "./two"], environment={"GITHUB_ACTIONS": ""}
    )
    assert outcome.status == 2
    assert "'./two'" in outcome.failure
    assert "::" not in outcome.log
    assert "Error: model not found" in outcome.log


def test_main__is_a_folder_of_the_working_directory_without_a_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "INPUT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    with Pool() as pool:
        assert onnx_export_action.program.perform(dict(os.environ), ["--model", "./nowhere"], pool) == 2
    assert json.loads((tmp_path / "onnx-export" / "report.json").read_text())["verdict"] == "error"
    assert "Paths start at the workspace" in capsys.readouterr().out


def test_main__a_wrong_file_fails_and_is_kept(
    copied: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied("bert")
    monkeypatch.setattr(attempt, "SERVICE", "perturbing")
    with workers_find(SERVICES) as environment:
        inputs = {"model": "model", "exporter": "torchscript", "benchmark-seconds": "1"}
        outcome = program.run(tmp_path, inputs, environment=environment)
    assert outcome.status == 1
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "fail"
    assert outcome.outputs["onnx-path"] == "onnx-export/model.failed.onnx"
    onnx.checker.check_model(outcome.folder / "model.failed.onnx")
    assert "model.onnx" not in outcome.names()
    assert outcome.report["benchmark"] is None
    worst = max(outcome.report["validation"]["cases"], key=lambda case: case["max_abs_diff"])
    assert not worst["passed"]
    for text in (outcome.summary.split("<details>")[0], outcome.attempts[0]["cause"], outcome.log):
        assert worst["shape"] in text
    assert "attempts/torchscript.txt" in outcome.names()


def test_main__the_ladder_replaces_a_wrong_file_by_a_right_one(
    copied: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied("bert")
    monkeypatch.setattr(attempt, "SERVICE", "perturbing")
    with workers_find(SERVICES) as environment:
        outcome = program.run(tmp_path, {"model": "model"}, environment=environment)
    assert outcome.status == 0, outcome.log
    assert [(attempt["exporter"], attempt["ok"]) for attempt in outcome.attempts] == [
        ("torchscript", False),
        ("optimum", True),
    ]
    assert "The file failed validation: at batch " in outcome.attempts[0]["cause"]
    assert outcome.outputs["verdict"] == "pass"
    assert "model.failed.onnx" not in outcome.names()


def test_main__a_defect_is_one_sentence_with_its_traceback_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("out of luck")

    monkeypatch.setattr(sources, "resolve", broken)
    outcome = program.run(tmp_path, {"model": "m"})
    assert outcome.status == 4
    assert outcome.outputs["verdict"] == "error"
    assert outcome.failure == (
        "A defect of this program: LookupError: out of luck Report it with onnx-export/traceback.txt."
    )
    assert "LookupError: out of luck" in (outcome.folder / "traceback.txt").read_text()
    assert "Traceback" not in outcome.log


def test_main__an_interrupted_run_leaves_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "resolve", interrupt)
    outcome = program.run(tmp_path, {"model": "m"})
    assert outcome.status == 4
    assert outcome.report["failure"]["message"] == "The run was cancelled."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves files that others cannot delete")
def test_main__what_root_leaves_belongs_to_the_owner_of_the_workspace(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1235)
    write_model(tmp_path / "m", files={})
    outcome = program.run(tmp_path, {"model": "m"})
    assert outcome.status == 2
    left = [outcome.folder, *outcome.folder.rglob("*")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in left} == {(1234, 1235)}
