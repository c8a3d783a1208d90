"""A worker is lent again only where nothing of an earlier model is left in it; it writes what a new one writes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from onnx_export_action.exporters import attempt
from onnx_export_action.validation import proof
from onnx_export_action.workers import client
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from onnx_export_action.workers.pool import Pool
from tests.integration import program
from tests.integration.program import SERVICES, workers_find
from tests.unit.sources.models import RecordingLog

PYTHON = Path(sys.executable)


@pytest.fixture
def host() -> Iterator[Host]:
    with workers_find(SERVICES, Path(client.__file__).parents[2]) as environment:
        yield Host(60, 10**10, None, environment)


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(keeps=True) as made:
        yield made


def borrowed(pool: Pool, host: Host, again: bool = False) -> int:
    """The process that is lent, and given back in good order."""
    with pool.lent(PYTHON, "odd", host, RecordingLog(), again) as worker:
        pid = worker.call("pid")
        worker.reusable = True
    assert isinstance(pid, int)
    return pid


def test_prepare__the_process_that_waits_is_lent_within_its_own_limits(pool: Pool, host: Host) -> None:
    pool.prepare(PYTHON, "odd", host, RecordingLog())
    pool.prepare(PYTHON, "odd", host, RecordingLog())  # there is one already
    (waiting,) = [process.pid for process in psutil.Process().children() if process.status() != psutil.STATUS_ZOMBIE]
    log = RecordingLog()
    with pool.lent(PYTHON, "odd", Host(2, 10**10, None, host.environment), log) as worker:
        assert worker.call("pid") == waiting
        with pytest.raises(WorkerFailure, match=r"limit of 2 s"):
            worker.call("hang")


def test_prepare__nobody_asked_for_it(host: Host) -> None:
    with Pool() as unused:
        unused.prepare(PYTHON, "odd", host, RecordingLog())
        (waiting,) = psutil.Process().children()
    assert not waiting.is_running() or waiting.status() == psutil.STATUS_ZOMBIE


def test_lent__the_same_process_begins_anew(pool: Pool, host: Host) -> None:
    first = borrowed(pool, host)
    with pool.lent(PYTHON, "odd", host, RecordingLog()) as worker:
        worker.call("hold", megabytes=300)
        assert worker.call("held") == 300
        worker.reusable, before = True, worker.peak_rss_bytes
    with pool.lent(PYTHON, "odd", Host(60, 200 << 20, None, host.environment), RecordingLog()) as again:
        assert (again.call("pid"), again.call("held")) == (first, 0)
        again.call("hold", megabytes=1)
        assert 0 < again.peak_rss_bytes < 200 << 20 < before


def test_lent__a_borrowed_one_is_not_lent_twice(pool: Pool, host: Host) -> None:
    with pool.lent(PYTHON, "odd", host, RecordingLog()) as one, pool.lent(PYTHON, "odd", host, RecordingLog()) as two:
        assert one.call("pid") != two.call("pid")
        one.reusable = two.reusable = True
        pids = {one.call("pid"), two.call("pid")}
    assert borrowed(pool, host) in pids


def raising(worker: Worker) -> None:
    worker.reusable = True
    raise RuntimeError


def crashing(worker: Worker) -> None:
    worker.reusable = True
    with suppress(WorkerFailure):
        worker.call("crash")


@pytest.mark.parametrize(
    "spoiled", [lambda _: None, raising, crashing, Worker.close], ids=["nothing said", "raising", "crashing", "closed"]
)
def test_lent__not_again_after_any_fault(pool: Pool, host: Host, spoiled: Callable[[Worker], None]) -> None:
    with suppress(RuntimeError), pool.lent(PYTHON, "odd", host, RecordingLog()) as worker:
        first = worker.call("pid")
        spoiled(worker)
    assert borrowed(pool, host) != first


@pytest.mark.parametrize("forgotten", [False, True], ids=["before it has forgotten", "after"])
def test_lent__a_kept_one_that_died_is_replaced(pool: Pool, host: Host, forgotten: bool) -> None:
    first = borrowed(pool, host)
    if forgotten:
        time.sleep(1)  # its answer to that lies there then
    psutil.Process(first).kill()
    assert borrowed(pool, host) != first


def test_lent__limits_are_those_of_the_model(pool: Pool, host: Host) -> None:
    borrowed(pool, host)
    hurried = Host(0.3, 10**10, None, host.environment)
    late = pytest.raises(WorkerFailure, match="The limit of 0 s was reached")
    with pool.lent(PYTHON, "odd", hurried, RecordingLog()) as worker, late:
        worker.call("hang")


def test_close__leaves_no_process(host: Host) -> None:
    with Pool(keeps=True) as pool:
        pids = [borrowed(pool, host)]
    assert not any(map(psutil.pid_exists, pids))


def test_pool__that_keeps_nothing_but_what_the_same_run_wants_again(host: Host) -> None:
    with Pool() as pool:
        first = borrowed(pool, host, again=True)
        assert borrowed(pool, host) == first
        assert borrowed(pool, host) != first


def test_run__a_kept_worker_writes_what_a_new_one_writes_and_none_with_foreign_code_is_kept(
    models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second model is trusted to bring code, so its workers are new, and gone before the third."""
    shutil.copytree(models("bert"), tmp_path / "bert")
    entries = "[{name: first}, {name: trusted, trust-remote-code: true}, {name: third}]"
    (tmp_path / "models.yml").write_text(f"model: bert\ntask: feature-extraction\nmodels: {entries}\n")
    started: list[str] = []
    popen = subprocess.Popen

    def spy(command: list[str], **given: Any) -> Any:
        started.extend(command[3:4] if "onnx_export_action.workers.server" in command else [])
        return popen(command, **given)

    monkeypatch.setattr(client.subprocess, "Popen", spy)
    outcome = program.run(tmp_path, {"config": "models.yml"})
    assert outcome.status == 0, outcome.log
    assert started == 2 * [attempt.SERVICE, proof.SERVICE]
    files = {(tmp_path / "onnx-export" / name / "model.onnx").read_bytes() for name in ("first", "trusted", "third")}
    assert len(files) == 1
