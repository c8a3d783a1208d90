"""A service that refuses, fails, breaks off or babbles: a bounded number of tries, one warning, nothing sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from onnx_export_action import publish
from onnx_export_action.github.artifact.calls import Limits
from tests.integration.artifact_case import NAME, Delivery, contents, deliver
from tests.integration.artifact_server import SIGNATURE, ArtifactServer, Fault, running, token

CALLS = ("CreateArtifact", "block", "blocklist", "FinalizeArtifact")
SOON = {"Retry-After": "7"}
PASSING = {
    "403 secondary limit": Fault(403, SOON, body=b'{"msg": "You have exceeded a secondary rate limit."}'),
    "408": Fault(408),
    "429": Fault(429, SOON),
    "429, at a date": Fault(429, {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}),
    "500": Fault(500),
    "502": Fault(502, body=b"<html>"),
    "503": Fault(503, SOON),
    "504": Fault(504),
    "reset": Fault(reset=True),
    "truncated": Fault(200, truncate=True),
}
LASTING = {
    "301": Fault(301, {"Location": "http://127.0.0.1:9/elsewhere"}),
    "401": Fault(401),
    "403": Fault(403),
    "404": Fault(404),
    "410": Fault(410),
    "413": Fault(413),
    "422": Fault(422),
}
TWIRP = {"not JSON": Fault(200, body=b"{nonsense"), "a list": Fault(200, body=b"[]"), "empty": Fault(200, body=b"")}


@pytest.fixture
def github() -> Iterator[ArtifactServer]:
    with running() as service:
        yield service


@pytest.fixture
def appending() -> Iterator[ArtifactServer]:
    with running(appends=True) as service:
        yield service


def assert_delivered(server: ArtifactServer, done: Delivery, folder: Path, name: str = NAME) -> None:
    assert set(contents(server.finished()[name].content)) == {path.name for path in folder.iterdir()}
    assert done.publication.artifact_id == server.finished()[name].id
    assert "::warning" not in done.log
    assert_quiet(done)


def assert_not_delivered(server: ArtifactServer, done: Delivery) -> None:
    assert server.finished() == {}
    assert done.publication.artifact_id is None
    (problem,) = done.publication.problems
    assert "The files are in onnx-export." in problem
    assert done.log.count("::warning") == 1
    assert_quiet(done)


def assert_quiet(done: Delivery) -> None:
    said = "\n".join(line for line in done.log.splitlines() if not line.startswith("::add-mask::"))
    assert not any(word in said for word in ("Traceback", "sig=", SIGNATURE, token(), "127.0.0.1"))


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("call", CALLS)
def test_upload__what_passes_is_waited_for(github: ArtifactServer, tmp_path: Path, call: str, fault: str) -> None:
    github.faults = {call: [PASSING[fault]]}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_delivered(github, done, tmp_path / "onnx-export")
    assert done.pauses == [7 if PASSING[fault].headers == SOON else 2]
    blocks = len(github.finished()[NAME].blocks)
    assert github.names().count("block") == blocks + (call == "block")


@pytest.mark.parametrize("call", ["ListArtifacts", "DeleteArtifact"])
@pytest.mark.parametrize("fault", [*PASSING.values(), *TWIRP.values()])
def test_overwrite__what_passes_is_waited_for(github: ArtifactServer, tmp_path: Path, call: str, fault: Fault) -> None:
    deliver(tmp_path / "onnx-export", github.environment())
    github.faults = {call: [fault]}
    done = deliver(tmp_path / "onnx-export", github.environment(), overwrite="true")
    assert_delivered(github, done, tmp_path / "onnx-export")
    assert len(github.artifacts) == 1
    assert len(done.pauses) == 1


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("call", CALLS)
def test_upload__what_does_not_pass_is_given_up(github: ArtifactServer, tmp_path: Path, call: str, fault: str) -> None:
    github.faults = {call: [PASSING[fault]] * 100}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_not_delivered(github, done)
    most = 4 * 5 if call == "block" else 5
    assert 5 <= github.names().count(call) <= most


@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("appends", [False, True], ids=["block store", "appends"])
def test_upload__a_refusal_is_final(tmp_path: Path, call: str, fault: str, appends: bool) -> None:
    with running(appends=appends) as server:
        server.faults = {call: [LASTING[fault]] * 100}
        done = deliver(tmp_path / "onnx-export", server.environment())
        assert_not_delivered(server, done)
        assert done.pauses == []
        assert server.names().count(call) <= (4 if call == "block" else 1)


@pytest.mark.parametrize("call", ["block", "blocklist", "FinalizeArtifact"])
def test_upload__a_conflict_after_the_name_is_final(github: ArtifactServer, tmp_path: Path, call: str) -> None:
    github.faults = {call: [Fault(409)] * 100}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_not_delivered(github, done)
    assert done.pauses == []


@pytest.mark.parametrize("fault", TWIRP)
@pytest.mark.parametrize("call", ["CreateArtifact", "FinalizeArtifact"])
def test_upload__an_answer_that_is_none_is_asked_for_again(
    github: ArtifactServer, tmp_path: Path, call: str, fault: str
) -> None:
    github.faults = {call: [TWIRP[fault]]}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_delivered(github, done, tmp_path / "onnx-export")


@pytest.mark.parametrize("body", [b"{}", b'{"ok": false}', b'{"ok": true, "signed_upload_url": "file:///etc/passwd"}'])
@pytest.mark.parametrize("call", ["CreateArtifact", "FinalizeArtifact"])
def test_upload__an_answer_that_says_no_is_final(
    github: ArtifactServer, tmp_path: Path, call: str, body: bytes
) -> None:
    github.faults = {call: [Fault(200, body=body)]}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_not_delivered(github, done)
    assert done.pauses == []


@pytest.mark.parametrize("lost", [Fault(500, done=True), Fault(reset=True, done=True)], ids=["500", "reset"])
def test_upload__a_name_whose_answer_was_lost_is_left_alone(
    github: ArtifactServer, tmp_path: Path, lost: Fault
) -> None:
    github.faults = {"CreateArtifact": [lost]}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_delivered(github, done, tmp_path / "onnx-export", f"{NAME}-2")


@pytest.mark.parametrize("lost", [Fault(500, done=True), Fault(reset=True, done=True)], ids=["500", "reset"])
def test_upload__a_finished_artifact_whose_answer_was_lost_is_found(
    github: ArtifactServer, tmp_path: Path, lost: Fault
) -> None:
    github.faults = {"FinalizeArtifact": [lost]}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_delivered(github, done, tmp_path / "onnx-export")
    assert len(github.artifacts) == 1


@pytest.mark.parametrize("call", ["block", "blocklist"])
@pytest.mark.parametrize(
    "lost",
    [Fault(500, done=True), Fault(reset=True, done=True), Fault(500), Fault(reset=True), Fault(200, truncate=True)],
    ids=["500 done", "reset done", "500", "reset", "truncated"],
)
def test_upload__a_server_that_appends_gets_the_whole_again(
    appending: ArtifactServer, tmp_path: Path, call: str, lost: Fault
) -> None:
    appending.faults = {call: [lost, lost]}
    done = deliver(tmp_path / "onnx-export", appending.environment())
    assert_delivered(appending, done, tmp_path / "onnx-export")
    assert appending.names().count("CreateArtifact") == 3
    assert done.log.count("the upload starts again") == 2


def test_upload__a_server_that_appends_is_not_asked_for_ever(appending: ArtifactServer, tmp_path: Path) -> None:
    appending.faults = {"block": [Fault(502)] * 100}
    done = deliver(tmp_path / "onnx-export", appending.environment())
    assert_not_delivered(appending, done)
    assert appending.names() == ["CreateArtifact", "block"] * 3


def test_upload__a_block_that_was_not_taken_goes_again_to_a_server_that_appends(
    appending: ArtifactServer, tmp_path: Path
) -> None:
    appending.faults = {"block": [Fault(429, SOON)]}
    done = deliver(tmp_path / "onnx-export", appending.environment())
    assert_delivered(appending, done, tmp_path / "onnx-export")
    assert appending.names().count("CreateArtifact") == 1


@pytest.mark.parametrize("call", CALLS)
def test_upload__a_server_that_hangs_is_left(github: ArtifactServer, tmp_path: Path, call: str) -> None:
    github.faults = {call: [Fault(hang=True)] * 100}
    limits = Limits(connect_seconds=0.1, answer_seconds=0.1, attempts=2, sleep=lambda _: None)
    done = deliver(tmp_path / "onnx-export", github.environment(), limits=limits)
    assert_not_delivered(github, done)
    assert "no answer in time" in done.publication.problems[0]


@pytest.mark.parametrize("seconds", ["61", "99999999999"])
def test_upload__a_wait_without_measure_is_not_taken(github: ArtifactServer, tmp_path: Path, seconds: str) -> None:
    github.faults = {"CreateArtifact": [Fault(429, {"Retry-After": seconds})] * 100}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert_not_delivered(github, done)
    assert done.pauses == []


def test_upload__all_pauses_together_are_bounded(github: ArtifactServer, tmp_path: Path) -> None:
    github.faults = {"block": [Fault(503, {"Retry-After": "60"})] * 1000}
    pauses: list[float] = []
    limits = Limits(attempts=1000, all_pauses=600, sleep=pauses.append)
    assert_not_delivered(github, deliver(tmp_path / "onnx-export", github.environment(), limits=limits))
    assert sum(pauses) == 600


@pytest.mark.parametrize("years", [-20, 20])
def test_upload__a_clock_far_off_costs_the_time_that_it_is_kept_and_no_more(
    github: ArtifactServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(days=365 * years)

    monkeypatch.setattr(publish, "datetime", Clock)
    done = deliver(tmp_path / "onnx-export", github.environment(), retention_days="3")
    assert_delivered(github, done, tmp_path / "onnx-export")
    assert "expires_at" in github.requests[0][1]
    assert "expires_at" not in github.requests[1][1]
    assert "kept as long as the repository keeps any" in done.log


def test_upload__a_refusal_of_all_is_not_taken_for_one_of_the_days(github: ArtifactServer, tmp_path: Path) -> None:
    github.faults = {"CreateArtifact": [Fault(422)] * 100}
    assert_not_delivered(github, deliver(tmp_path / "onnx-export", github.environment(), retention_days="3"))
    assert github.names() == ["CreateArtifact"] * 2


def test_upload__nobody_listens(tmp_path: Path) -> None:
    with running() as server:
        environment = server.environment()
    done = deliver(tmp_path / "onnx-export", environment)
    assert_not_delivered(server, done)
    assert len(done.pauses) == 4


def test_upload__used_up_storage_is_said(github: ArtifactServer, tmp_path: Path) -> None:
    github.faults = {"CreateArtifact": [Fault(403, body=b'{"msg": "insufficient usage to create artifact"}')]}
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert "storage for artifacts is used up" in done.publication.problems[0]


@pytest.mark.parametrize("call", ["ListArtifacts", "DeleteArtifact"])
@pytest.mark.parametrize("fault", [*LASTING.values(), Fault(409), *PASSING.values(), *TWIRP.values(), Fault(hang=True)])
def test_overwrite__what_cannot_be_removed_leads_to_another_name(
    github: ArtifactServer, tmp_path: Path, call: str, fault: Fault
) -> None:
    first = deliver(tmp_path / "onnx-export", github.environment())
    github.faults = {call: [fault] * 5}
    limits = Limits(answer_seconds=0.5, attempts=2, sleep=lambda _: None) if fault.hang else None
    second = deliver(tmp_path / "onnx-export", github.environment(), limits=limits, overwrite="true")
    assert set(github.finished()) == {NAME, f"{NAME}-2"}
    assert first.publication.artifact_id != second.publication.artifact_id
    assert second.publication.problems == ()
    assert "may be left" in second.log or fault.status == 404
    assert_quiet(second)


def test_overwrite__a_removal_whose_answer_was_lost_is_one(github: ArtifactServer, tmp_path: Path) -> None:
    deliver(tmp_path / "onnx-export", github.environment())
    github.faults = {"DeleteArtifact": [Fault(500, done=True)]}
    deliver(tmp_path / "onnx-export", github.environment(), overwrite="true")
    assert list(github.finished()) == [NAME]


def test_upload__a_server_that_echoes_the_token_gets_it_into_no_log(github: ArtifactServer, tmp_path: Path) -> None:
    github.faults = {"CreateArtifact": [Fault(400, body=b'{"msg": "bad token %s"}' % token().encode())]}
    assert_not_delivered(github, deliver(tmp_path / "onnx-export", github.environment()))
