"""A job cancelled at every stage: no child survives, no file is half, the report says so, nothing more is delivered."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration import second_stage_case
from tests.integration.artifact_server import ArtifactServer, Fault, running
from tests.integration.comment_case import environment
from tests.integration.github_api import GitHubApi
from tests.integration.process import Process, address_of, silent_server, started
from tests.integration.program import Outcome
from tests.integration.test_onnx_file import write

REPORTS = {"report.json", "report.md", "report.html"}
SENTENCE = "The run was cancelled."


@pytest.fixture
def github() -> Iterator[ArtifactServer]:
    with running() as server:
        yield server


def cancel(process: Process, number: signal.Signals = signal.SIGTERM) -> Outcome:
    """Send the signal and wait for the end, after which nothing of the run may be left."""
    process.send(number)
    outcome = process.end()
    assert process.family() == []
    assert outcome.status == 4, outcome.log
    assert "Traceback" not in outcome.log
    left = {path.name for path in outcome.folder.rglob("*")}
    assert ".work" not in left
    assert not [name for name in left if name.startswith(".")]
    return outcome


def assert_cancelled(outcome: Outcome, *names: str) -> None:
    """The reports alone, and what was whole before."""
    assert outcome.names() == {*REPORTS, *names}
    assert outcome.failure.startswith(SENTENCE)
    assert outcome.outputs["verdict"] == "error"
    assert SENTENCE in outcome.summary
    assert outcome.log.count("::error") == 1
    assert "::warning" not in outcome.log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancel__while_a_worker_exports(
    models: Callable[[str], Path], github: ArtifactServer, tmp_path: Path, number: signal.Signals
) -> None:
    shutil.copytree(models("bert"), tmp_path / "bert")
    inputs = {"model": "bert", "exporter": "torchscript"}
    with started(tmp_path, inputs, github.environment()) as process:
        process.until("Export with torchscript")
        process.until_a_worker_runs()
        outcome = cancel(process, number)
    assert_cancelled(outcome)
    assert github.names() == []


def test_cancel__while_the_file_is_validated(tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    with started(tmp_path, {"model": "network.onnx"}) as process:
        process.until("Validate the file")
        process.until_a_worker_runs()
        assert_cancelled(cancel(process))


def test_cancel__while_the_file_is_timed(tmp_path: Path) -> None:
    file = write(tmp_path / "network.onnx")
    with started(tmp_path, {"model": "network.onnx", "benchmark-seconds": "300"}) as process:
        process.until("::group::Benchmark\n")
        process.until_a_worker_runs()
        outcome = cancel(process)
    assert "Benchmark of the variants" not in outcome.log  # there are none
    assert_cancelled(outcome, "model.onnx", "manifest.json")
    assert (outcome.folder / "model.onnx").read_bytes() == file.read_bytes()


def test_cancel__while_the_hub_is_silent(tmp_path: Path) -> None:
    with silent_server() as hub, started(tmp_path, {"model": "a/b"}, {"HF_ENDPOINT": address_of(hub)}) as process:
        connection, _ = hub.accept()
        with connection:
            assert_cancelled(cancel(process))


def test_cancel__while_the_base_is_looked_for(tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    with silent_server() as api:
        on_a_pull_request = environment(GitHubApi(url=address_of(api)), tmp_path)
        inputs = {"model": "network.onnx", "github-token": "ghs_0123456789abcdef"}
        with started(tmp_path, inputs, on_a_pull_request) as process:
            connection, _ = api.accept()
            with connection:
                assert_cancelled(cancel(process))


@pytest.mark.parametrize("call", ["CreateArtifact", "block", "blocklist", "FinalizeArtifact"])
def test_cancel__while_the_artifact_is_uploaded(github: ArtifactServer, tmp_path: Path, call: str) -> None:
    write(tmp_path / "network.onnx")
    github.faults = {call: [Fault(hang=True)] * 9}
    with silent_server() as api:
        on_a_pull_request = environment(GitHubApi(url=address_of(api)), tmp_path)
        inputs = {"model": "network.onnx", "github-token": "ghs_0123456789abcdef", "baseline": "none"}
        with started(tmp_path, inputs, {**on_a_pull_request, **github.environment()}) as process:
            assert github.hanging.wait(60)
            outcome = cancel(process)
        api.setblocking(False)
        with pytest.raises(BlockingIOError):
            api.accept()
    assert outcome.report["verdict"] == outcome.outputs["verdict"] == "pass"
    assert outcome.names() == {*REPORTS, "model.onnx", "manifest.json"}
    assert "artifact-id" not in outcome.outputs
    assert outcome.summary
    (warning,) = (line for line in outcome.log.splitlines() if line.startswith("::warning"))
    assert "The run was cancelled before all was delivered. The files are in onnx-export." in warning
    assert github.finished() == {}
    assert "FinalizeArtifact" not in github.names() or call == "FinalizeArtifact"


def test_cancel__while_the_comment_is_written(tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    with silent_server() as api:
        on_a_pull_request = environment(GitHubApi(url=address_of(api)), tmp_path)
        inputs = {"model": "network.onnx", "github-token": "ghs_0123456789abcdef", "baseline": "none"}
        with started(tmp_path, inputs, on_a_pull_request) as process:
            connection, _ = api.accept()
            with connection:
                outcome = cancel(process)
    assert outcome.report["verdict"] == "pass"
    assert "comment-url" not in outcome.outputs
    assert outcome.log.count("::warning") == 1


def test_cancel__while_the_second_stage_asks_for_the_pull_request(tmp_path: Path) -> None:
    with silent_server() as api:
        at_the_end_of_a_run = second_stage_case.environment(
            GitHubApi(url=address_of(api)), tmp_path, second_stage_case.event()
        )
        inputs = {"mode": "report", "github-token": "ghs_0123456789abcdef"}
        with started(tmp_path, inputs, at_the_end_of_a_run) as process:
            connection, _ = api.accept()
            with connection:
                outcome = cancel(process)
    assert f"::error title=onnx-export-action::{SENTENCE}" in outcome.log
    assert SENTENCE in outcome.summary
    assert (outcome.outputs, outcome.log.count("::error"), outcome.folder.exists()) == ({}, 1, False)


def test_cancel__the_next_run_finds_a_folder_that_it_can_use(tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    (tmp_path / "onnx-export" / ".work").mkdir(parents=True)
    (tmp_path / "onnx-export" / ".report.json.onnx-export-draft").write_text("{")
    with started(tmp_path, {"model": "network.onnx"}) as process:
        outcome = process.end()
    assert outcome.status == 0, outcome.log
    assert outcome.names() == {*REPORTS, "model.onnx", "manifest.json"}


def test_kill__workers_end_with_the_program(models: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copytree(models("bert"), tmp_path / "bert")
    with started(tmp_path, {"model": "bert", "exporter": "torchscript"}) as process:
        process.until("Export with torchscript")
        for library in ("libtorch", "onnxruntime"):  # both workers are in their sandbox by then
            process.until_a_worker_runs(library)
        family = process.family()
        for worker in family[1:]:
            worker.suspend()  # so that it does not end because its requests do
        process.send(signal.SIGKILL)
        _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


STUBBORN = """
import subprocess, sys
from onnx_export_action.cancel import Cancellation

cancellation = Cancellation()
with cancellation.heard(), cancellation.stops():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        print(child.pid, flush=True)
        child.wait()
    except KeyboardInterrupt:
        print("not now", flush=True)
        child.wait()
"""


def test_cancel__a_second_signal_ends_what_the_first_could_not() -> None:
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        child = psutil.Process(int(program.stdout.readline()))
        program.send_signal(signal.SIGTERM)
        assert program.stdout.readline() == "not now\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 4
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_at_once__a_signal_before_the_run_is_a_sentence_too(number: signal.Signals) -> None:
    code = "from onnx_export_action import cancel; cancel.at_once(); print('ready', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([sys.executable, "-c", code], text=True, **pipes) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(number)
        assert program.wait(20) == 4
        assert program.stdout.read().startswith(SENTENCE)
