"""The second stage before hostile artifacts and a GitHub that fails: one annotation, no traceback, nothing twice."""

from __future__ import annotations

import io
import json
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onnx_export_action.github import rest
from onnx_export_action.github.artifact import download
from onnx_export_action.github.artifact.calls import Limits
from onnx_export_action.github.comment import text
from onnx_export_action.report import document
from tests.integration.github_actions_api import ActionsApi
from tests.integration.github_api import Fault, GitHubApi, running_api
from tests.integration.second_stage_case import Done, archive, open_pull, packed, report_of, second_stage
from tests.integration.test_comment_faults import LASTING, PASSING

REPORT = document.to_json(report_of())
CALLS = ("pulls", "artifacts", "zip", "blob", "viewer", "list", "create")
READS = ("pulls", "artifacts", "zip", "blob")


@pytest.fixture
def api(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubApi]:
    monkeypatch.setattr(rest, "TIMEOUT_SECONDS", 1)
    quick = Limits(connect_seconds=1, answer_seconds=1, attempts=3, all_pauses=120, sleep=waits.append)
    monkeypatch.setattr(download, "_PATIENCE", quick)
    with running_api() as server:
        yield server


@pytest.fixture
def actions(api: GitHubApi) -> ActionsApi:
    made = ActionsApi(api)
    open_pull(made)
    return made


def changed(**changes: Any) -> bytes:
    return archive(json.dumps({**json.loads(REPORT), **changes}))


def with_link() -> bytes:
    written = io.BytesIO(archive(REPORT))
    with zipfile.ZipFile(written, "a") as opened:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    return written.getvalue()


def twice() -> bytes:
    written = io.BytesIO(archive(REPORT))
    with zipfile.ZipFile(written, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("report.json", REPORT)
    return written.getvalue()


def lying_about_its_size() -> bytes:
    """The central directory says fewer bytes than the entry has."""
    content = bytearray(archive(REPORT))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    return bytes(content)


def flagged(bit: int) -> bytes:
    content = bytearray(archive(REPORT))
    for start in (content.index(b"PK\x01\x02") + 8, content.rindex(b"PK\x01\x02") + 8):
        content[start] |= bit
    return bytes(content)


def samples(values: list[float]) -> bytes:
    content = json.loads(REPORT)
    content["benchmark"]["timings"][0]["samples_ms"] = values
    return archive(json.dumps(content))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip-slip": (lambda: archive(REPORT, **{"../../evil": b""}), "leads out of its folder"),
    "absolute": (lambda: archive(REPORT, **{"/etc/evil": b""}), "leads out of its folder"),
    "backslashes": (lambda: archive(REPORT, **{"..\\evil": b""}), "a name that no bundle has"),
    "link": (with_link, "is a link or a device"),
    "twice": (twice, "twice"),
    "encrypted": (lambda: flagged(1), "is encrypted"),
    "bomb": (lambda: archive(b'"' + b"x" * (5 << 20) + b'"'), "unpacks to more bytes than are taken"),
    "lies about its size": (lying_about_its_size, "damaged"),
    "many entries": (
        lambda: packed({f"{n}": b"" for n in range(10_001)} | {"report.json": b"", "manifest.json": b""}),
        "",
    ),
    "cut short": (lambda: archive(REPORT)[:-30], "damaged"),
    "damaged": (lambda: b"PK" + bytes(5000), "damaged"),
    "no JSON": (lambda: archive("{"), "is not JSON"),
    "deep": (lambda: archive("[" * 100_000), "is not JSON"),
    "no text": (lambda: archive(b"\xff\xfe"), "is not JSON"),
    "no report": (lambda: archive("[]"), "not a JSON object"),
    "later schema": (lambda: changed(schema_version=99), "schema version 99"),
    "no schema": (lambda: changed(validation={"reference": "mine"}), "does not follow its schema"),
    "long text": (lambda: changed(warnings=["x" * 50_000]), "longer texts, than any run"),
    "long list": (lambda: changed(warnings=["x"] * 50_000), "longer texts, than any run"),
    "many keys": (lambda: changed(environment={str(n): 1 for n in range(50_000)}), "longer texts, than any run"),
    "no samples": (lambda: samples([]), "no run of this program writes"),
    "no time": (lambda: samples([0.0, 0.0]), "no run of this program writes"),
    "negative": (lambda: samples([-1.0, -1.0]), "no run of this program writes"),
    "not a number": (lambda: samples([float("nan")]), "no run of this program writes"),
    "infinite": (lambda: samples([float("inf")]), "no run of this program writes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_tell__a_hostile_artifact_is_left_out_with_one_warning(actions: ActionsApi, tmp_path: Path, name: str) -> None:
    make, sentence = HOSTILE[name]
    actions.keep("evil-onnx", make())
    actions.keep("good-onnx", archive(report_of("acme/good")))
    done = second_stage(actions, tmp_path)
    (warning,) = done.annotations
    assert warning.startswith("::warning title=onnx-export-action::Not all was done. The artifact 'evil-onnx' is left")
    assert sentence in warning
    assert len(warning) < 700
    assert [part.row.model for part in text.parts_of(actions.api.texts()[0])] == ["acme/good"]
    assert_quiet(done)
    assert not [path for path in tmp_path.parent.rglob("evil*") if path.is_file()]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"raw bytes, as an artifact of one file may be",
        packed({"index.html": "<p>"}),
        packed({"report.json": REPORT}),
        packed({"manifest.json": "{}"}),
        packed({"../evil": "", "coverage.xml": ""}),
    ],
    ids=["empty", "raw", "a page", "no manifest", "no report", "another's zip-slip"],
)
def test_tell__an_artifact_of_others_is_passed_over(actions: ActionsApi, tmp_path: Path, content: bytes) -> None:
    actions.keep("other", content)
    actions.keep("good-onnx", archive(report_of("acme/good")))
    done = second_stage(actions, tmp_path)
    assert (done.outcome.status, done.annotations) == (0, [])
    assert len(text.parts_of(actions.api.texts()[0])) == 1


def test_tell__figures_that_fill_the_comment_are_cut_to_its_length(actions: ActionsApi, tmp_path: Path) -> None:
    long = changed(warnings=["| <b> @a " * 2_000] * 20)
    for number in range(5):
        actions.keep(f"{number}-onnx", long if number else archive(report_of("acme/good")))
    done = second_stage(actions, tmp_path)
    assert done.annotations == []
    (body,) = actions.api.texts()
    assert len(body.encode()) <= text.LIMIT_BYTES


def test_tell__reads_sixty_artifacts_and_says_so(actions: ActionsApi, tmp_path: Path) -> None:
    for number in range(130):
        actions.keep(f"{number}-onnx", archive(report_of(f"acme/{number}")))
    done = second_stage(actions, tmp_path)
    assert "The run has 130 artifacts, of which 60 are read." in done.annotations[0]
    assert actions.api.calls.count("zip") == 60
    (body,) = actions.api.texts()
    assert len(body.encode()) <= text.LIMIT_BYTES
    assert second_stage(actions, tmp_path).outcome.status == 0


def test_tell__a_second_comment_that_cannot_be_removed_is_a_warning(actions: ActionsApi, tmp_path: Path) -> None:
    actions.keep("encoder-onnx", archive(report_of()))
    second_stage(actions, tmp_path)
    actions.api.add(actions.api.texts()[0])
    actions.api.faults["delete"] = Fault(status=403, message="Resource not accessible by integration")
    done = second_stage(actions, tmp_path)
    assert done.outcome.status == 0
    assert "A second comment of this workflow was not removed." in done.annotations[0]
    assert done.outcome.outputs["comment-url"].endswith("issuecomment-1000")


@pytest.mark.parametrize("gone", ["listed as expired", "410"])
def test_tell__an_expired_artifact_is_said(actions: ActionsApi, tmp_path: Path, gone: str) -> None:
    actions.keep("old-onnx", archive(report_of()), expired=gone == "listed as expired")
    if gone == "410":
        actions.api.faults["zip"] = Fault(status=410, message="Gone")
    done = second_stage(actions, tmp_path)
    assert done.outcome.status == 0
    assert "'old-onnx' has expired" in done.annotations[0]
    assert actions.api.bodies == {}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", LASTING)
def test_tell__a_fault_that_stays_is_one_annotation(actions: ActionsApi, tmp_path: Path, call: str, name: str) -> None:
    fault, _ = LASTING[name]
    actions.keep("encoder-onnx", archive(report_of()))
    actions.api.faults[call] = fault
    done = second_stage(actions, tmp_path)
    assert_quiet(done)
    if call == "viewer" and actions.api.bodies:
        assert done.annotations == []  # a server that does not tell who we are
        return
    assert len(done.annotations) == 1
    left_out = call in ("zip", "blob") and "Not all was done." in done.annotations[0]
    assert done.outcome.status == (0 if left_out else 4)
    assert left_out or "The comment was not written." in done.annotations[0]
    assert actions.api.bodies == {}
    assert actions.api.calls.count(call) <= 9


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("name", [name for name, fault in PASSING.items() if not fault.done])
def test_tell__a_fault_that_passes_leaves_the_comment(
    actions: ActionsApi, tmp_path: Path, call: str, name: str
) -> None:
    actions.keep("encoder-onnx", archive(report_of()))
    actions.api.faults[call] = PASSING[name]
    done = second_stage(actions, tmp_path)
    assert (done.outcome.status, done.annotations) == (0, [])
    assert len(actions.api.texts()) == 1


@pytest.mark.parametrize("years", [-20, 20])
def test_tell__a_clock_far_off_changes_nothing(
    actions: ActionsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + years * 365 * 86_400)
    actions.keep("encoder-onnx", archive(report_of()))
    done = second_stage(actions, tmp_path)
    assert (done.outcome.status, done.annotations) == (0, [])
    assert len(actions.api.texts()) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_open__an_address_that_ran_out_is_asked_for_anew(actions: ActionsApi, tmp_path: Path, status: int) -> None:
    actions.keep("encoder-onnx", archive(report_of()))
    actions.api.faults["blob"] = Fault(status=status, times=1)
    assert second_stage(actions, tmp_path).annotations == []
    assert (actions.api.calls.count("zip"), actions.api.calls.count("blob")) == (2, 2)


def test_open__a_store_without_ranges_is_copied_and_its_hash_checked(actions: ActionsApi, tmp_path: Path) -> None:
    actions.knows_ranges = False
    actions.keep("good-onnx", archive(report_of("acme/good")))
    actions.keep("bad-onnx", archive(report_of("acme/bad")), digest=f"sha256:{'0' * 64}")
    done = second_stage(actions, tmp_path)
    assert "'bad-onnx' is damaged: its SHA-256 is not the one that GitHub lists." in done.annotations[0]
    assert [part.row.model for part in text.parts_of(actions.api.texts()[0])] == ["acme/good"]


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "https://", "http://[::1", "ftp://host/x"])
def test_open__an_address_that_is_none(actions: ActionsApi, tmp_path: Path, address: str) -> None:
    actions.keep("encoder-onnx", archive(report_of()), address=lambda: address)
    assert "GitHub gave no address" in second_stage(actions, tmp_path).annotations[0]


def assert_quiet(done: Done) -> None:
    for said in (done.outcome.log, done.outcome.summary):
        assert "Traceback" not in said
        assert "defect" not in said
    assert "sig=" not in done.outcome.log
