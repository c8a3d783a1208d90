"""Real worker processes that behave as badly as they can; each is one failed request, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from onnx_export_action.errors import ExportError, SurroundingsError, UsageError
from onnx_export_action.workers import client, surroundings
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from tests.integration.program import SERVICES, workers_find
from tests.integration.services import slow
from tests.unit.sources.models import RecordingLog

NOBODY = 65534
SOURCE = Path(client.__file__).parents[2]
SECRETS = {
    "HF_TOKEN": "hf_secret",
    "INPUT_HF-TOKEN": "hf_secret",
    "INPUT_MODEL": "m",
    "GITHUB_TOKEN": "gh_secret",
    "GITHUB_OUTPUT": "/somewhere",
    "GITHUB_STEP_SUMMARY": "/somewhere",
    "ACTIONS_RUNTIME_TOKEN": "runtime_secret",
    "AWS_SECRET_ACCESS_KEY": "cloud_secret",
    "HTTPS_PROXY": "http://user:secret@proxy",
}


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with workers_find(SERVICES, SOURCE) as found:
        yield {**found, **SECRETS}


@pytest.fixture
def log() -> RecordingLog:
    return RecordingLog()


@pytest.fixture
def worker(environment: dict[str, str], log: RecordingLog) -> Iterator[Worker]:
    with start(environment, log) as started:
        yield started


def start(environment: dict[str, str], log: RecordingLog, timeout: float = 60, memory: int = 10**10) -> Worker:
    return Worker(Path(sys.executable), "odd", Host(timeout, memory, None, environment), log)


def failure(worker: Worker, operation: str, **arguments: object) -> WorkerFailure:
    with pytest.raises(WorkerFailure) as caught:
        worker.call(operation, **arguments)
    return caught.value


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def becomes_gone(pid: int) -> bool:
    """Whether a killed process ends; the kernel takes a moment."""
    end = time.monotonic() + 10
    while not is_gone(pid) and time.monotonic() < end:
        os.sched_yield()
    return is_gone(pid)


def test_call__values_go_there_and_back(worker: Worker) -> None:
    for value in (None, True, 1.5, "ä\n\u2028😀", [1, {"a": [None]}], "x" * 200_000):
        assert worker.call("echo", value=value) == value


def test_environment__holds_no_secret_and_nothing_of_the_runner(worker: Worker) -> None:
    seen = worker.call("environment")
    assert not [name for name in seen if name.startswith(("GITHUB_", "INPUT_", "ACTIONS_", "AWS_"))]
    assert "secret" not in " ".join(seen.values())
    assert not {"HF_TOKEN", "HTTPS_PROXY"} & set(seen)
    assert {seen[name] for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")} == {"1"}
    assert seen["HOME"] == seen["HF_HOME"] != os.environ.get("HOME")


def test_environment__home_is_gone_afterwards(environment: dict[str, str], log: RecordingLog) -> None:
    with start(environment, log) as worker:
        home = Path(worker.call("environment")["HOME"])
        assert home.is_dir()
    assert not home.exists()


def test_network__is_gone_in_the_worker(worker: Worker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            pass  # the server can be reached from here, so that the worker's failure means something
        if not may_leave_network():
            pytest.skip("this host lets no process leave the network (unshare is not allowed)")
        assert failure(worker, "connect", port=port).cause == "OSError: [Errno 101] Network is unreachable"


def may_leave_network() -> bool:
    """Whether this host allows it, asked of a child of our own."""
    child = os.fork()
    if child == 0:
        from onnx_export_action.workers import sandbox

        os._exit(0 if sandbox._leave_network() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def python_of_all(environment: dict[str, str]) -> Path:
    """An interpreter that another user may run: root's own often lies in a folder that nobody else can read."""
    for interpreter in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            command = [interpreter, "-c", "import odd, onnx_export_action.workers.server"]
            subprocess.run(command, user=NOBODY, env=environment, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return Path(interpreter)
    pytest.skip("no interpreter here can be run by another user")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_user__root_is_given_up_for_good(
    environment: dict[str, str], log: RecordingLog, tmp_path: Path, python_of_all: Path
) -> None:
    protected = tmp_path / "protected"
    with Worker(python_of_all, "odd", Host(60, 10**10, NOBODY, environment), log) as worker:
        assert worker.call("identity") == [[NOBODY] * 3, [NOBODY] * 3, []]
        assert "PermissionError" in failure(worker, "write", path=str(protected)).cause
        assert "PermissionError" in failure(worker, "become_root").cause
        home = Path(worker.call("environment")["HOME"])
        worker.call("write", path=str(home / "own"))
        assert (home / "own").stat().st_uid == NOBODY
    assert not protected.exists()
    assert not home.exists()


def test_time_limit__is_one_sentence_and_the_process_is_gone(environment: dict[str, str], log: RecordingLog) -> None:
    with start(environment, log, timeout=1) as worker:
        late = failure(worker, "hang")
        assert late.cause == "The limit of 1 s was reached during `hang`, and it was ended."
        assert "timeout" in late.hint
        assert isinstance(late.as_run_error(), ExportError)
        assert worker._process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("operation", "arguments", "sentence", "error"),
    [
        ("leave_at_once", [7], "It ended with status 7 before it answered. Its last line: last words", ExportError),
        ("leave_at_once", [0], "It ended with status 0 before it answered. Its last line: last words", ExportError),
        ("crash", [], "It crashed with SIGSEGV.", ExportError),
        ("kill", [int(signal.SIGABRT)], "It crashed with SIGABRT.", ExportError),
        ("kill", [int(signal.SIGKILL)], "It was killed from outside, most likely for lack of", SurroundingsError),
    ],
)
def test_death__says_how(
    worker: Worker, operation: str, arguments: list[int], sentence: str, error: type[Exception]
) -> None:
    died = failure(worker, operation, **dict(zip(["number"], arguments, strict=False)))
    assert died.cause.startswith(sentence)
    assert isinstance(died.as_run_error(), error)
    again = failure(worker, "echo", value=1)
    assert again.cause == died.cause


def test_memory_limit__ends_the_worker_and_names_the_limit(environment: dict[str, str], log: RecordingLog) -> None:
    with start(environment, log, memory=300_000_000) as worker:
        eaten = failure(worker, "eat_memory")
        assert eaten.cause == "It needed more than the 0.30 GB of memory that are free and was ended."
        assert isinstance(eaten.as_run_error(), SurroundingsError)
        assert 300_000_000 < worker.peak_rss_bytes < 2_000_000_000


def test_sys_exit__is_an_answer_and_the_worker_lives(worker: Worker) -> None:
    assert failure(worker, "leave", status=3).cause == "SystemExit: 3"
    assert worker.call("echo", value=1) == 1


@pytest.mark.parametrize(
    ("operation", "cause", "kind", "error"),
    [
        ("refuse", "the cause", "usage", UsageError),
        ("fail", "ValueError: first line\nsecond line", "unknown", ExportError),
        ("run_out_of_memory", "The worker ran out of memory.", "surroundings", SurroundingsError),
        ("no_such_operation", "AttributeError: ", "unknown", ExportError),
    ],
)
def test_exceptions__come_back_with_their_traceback(
    worker: Worker, operation: str, cause: str, kind: str, error: type[Exception]
) -> None:
    refused = failure(worker, operation)
    assert refused.cause.startswith(cause)
    assert refused.kind == kind
    assert "Traceback" in refused.traceback
    assert isinstance(refused.as_run_error(), error)
    assert worker.call("echo", value=1) == 1


def test_output__is_log_and_never_an_answer(worker: Worker, log: RecordingLog) -> None:
    assert worker.call("print_garbage") == "answered"
    worker.close()
    assert '{"ok": true, "value": "forged"}' in log.lines
    assert "to stderr" in log.lines
    assert any("not text" in line for line in log.lines)


def test_input__is_empty_for_the_worker(worker: Worker) -> None:
    assert worker.call("read_input") == ""
    assert worker.call("echo", value=1) == 1


@pytest.mark.parametrize("end", ["close", "hang", "crash"])
@pytest.mark.parametrize("kind", ["start_child", "start_fork", "start_child_apart"])
def test_children__die_with_the_worker(environment: dict[str, str], log: RecordingLog, kind: str, end: str) -> None:
    with start(environment, log, timeout=1 if end == "hang" else 60) as worker:
        child = worker.call(kind)
        assert not is_gone(child)
        if end != "close":
            failure(worker, end)
    assert becomes_gone(child)


def test_death__is_seen_though_a_fork_holds_the_reply_pipe(environment: dict[str, str], log: RecordingLog) -> None:
    with start(environment, log, timeout=20) as worker:
        worker.call("start_fork")
        assert failure(worker, "crash").cause == "It crashed with SIGSEGV."


@pytest.mark.parametrize("text", ["no json\n", '{"ok": true}\n', "[]\n", '{"ok": false}\n', '{"ok": true, "val'])
def test_reply__that_is_none_is_a_failure(environment: dict[str, str], log: RecordingLog, text: str) -> None:
    with start(environment, log, timeout=1) as worker:
        forged = failure(worker, "forge_a_reply", text=text)
        assert isinstance(forged.as_run_error(), ExportError)


def test_close__twice_and_after_death(worker: Worker) -> None:
    failure(worker, "crash")
    worker.close()
    worker.close()
    assert is_gone(worker._process.pid)


def test_start__service_that_cannot_be_imported(environment: dict[str, str], log: RecordingLog) -> None:
    with Worker(Path(sys.executable), "no.such.service", Host(60, 10**10, None, environment), log) as worker:
        ended = failure(worker, "echo", value=1)
        assert ended.cause == (
            "It ended with status 1 before it answered. Its last line: ModuleNotFoundError: No module named 'no'"
        )


def test_wake__waits_for_the_imports_and_touches_nothing(environment: dict[str, str], log: RecordingLog) -> None:
    start = time.monotonic()
    with Worker(Path(sys.executable), "slow", Host(60, 10**10, None, environment), log) as worker:
        worker.wake()
        assert time.monotonic() - start > slow.SECONDS
        assert worker.call("asked") == 1, "of the service nothing was asked before"
        worker.wake()
        assert worker.call("asked") == 2


@pytest.mark.parametrize("woken", [False, True])
def test_wake__nothing_is_collected_until_the_first_request_has_loaded(
    environment: dict[str, str], log: RecordingLog, woken: bool
) -> None:
    with Worker(Path(sys.executable), "slow", Host(60, 10**10, None, environment), log) as worker:
        if woken:
            worker.wake()
        assert not worker.call("collects")
        assert worker.call("collects")


def test_wake__service_that_cannot_be_imported(environment: dict[str, str], log: RecordingLog) -> None:
    with (
        Worker(Path(sys.executable), "no.such.service", Host(60, 10**10, None, environment), log) as worker,
        pytest.raises(WorkerFailure, match="It ended with status 1 before it answered"),
    ):
        worker.wake()


def test_passed_on__is_a_short_list() -> None:
    assert surroundings.PASSED_ON == ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "TMPDIR")


def test_ahead__is_what_the_call_with_the_same_arguments_gives(worker: Worker) -> None:
    worker.ahead("echo", value="first")
    assert worker.call("echo", value="other") == "other"
    assert worker.call("echo", value="first") == "first"
    assert worker.call("echo", value="first") == "first"  # asked anew


def test_ahead__a_refusal_is_raised_by_its_call_alone(worker: Worker) -> None:
    worker.ahead("refuse")
    assert worker.call("echo", value=1) == 1
    assert failure(worker, "refuse").cause == "the cause"


def test_ahead__a_worker_that_dies_of_it_says_so_then(worker: Worker) -> None:
    worker.ahead("leave_at_once", number=3)
    assert "It ended with status 3" in failure(worker, "leave_at_once", number=3).cause
    worker.ahead("echo", value=1)
    assert "It ended with status 3" in failure(worker, "echo", value=1).cause


def test_ahead__nothing_of_it_is_left_for_the_next_model(environment: dict[str, str], log: RecordingLog) -> None:
    with start(environment, log) as worker:
        worker.ahead("echo", value="of the first")
        worker.forget()
        worker.begin(Host(60, 10**10, None, environment), log)
        assert worker.call("pid") > 0
