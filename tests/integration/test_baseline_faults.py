"""Whatever GitHub does, or an artifact holds: no baseline, one warning, nothing left on the disk, never a traceback."""

from __future__ import annotations

import io
import random
import stat
import struct
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from onnx_export_action.baseline.found import Found
from onnx_export_action.github import rest
from onnx_export_action.records import NoBase
from tests.integration.baseline_case import GOOD, MAIN, MERGE_BASE, NAME, REPORT, add_history, look
from tests.integration.github_actions_api import ActionsApi
from tests.integration.github_api import running_api
from tests.integration.history_api import HistoryApi
from tests.integration.test_comment_faults import LASTING
from tests.unit.baseline import bundles

CALLS = ("compare", "artifacts", "commits", "run", "zip", "blob")
FAULTS = {name: fault for name, (fault, _) in LASTING.items()}
PASSES = ["403 secondary limit", "429", "500", "502", "503", "hang", "reset", "truncated", "malformed"]


@pytest.fixture
def history(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[HistoryApi]:
    del waits
    monkeypatch.setattr(rest, "TIMEOUT_SECONDS", 1)
    with running_api() as api:
        made = HistoryApi(ActionsApi(api))
        add_history(made)
        yield made


# A redirect has no body that anybody reads.
EVERYWHERE = [
    (call, name) for call in CALLS for name in FAULTS if call != "zip" or name not in ("truncated", "malformed")
]


@pytest.mark.parametrize(("call", "name"), EVERYWHERE)
def test_find__a_fault_that_stays_is_one_warning(history: HistoryApi, tmp_path: Path, call: str, name: str) -> None:
    history.keep(NAME, GOOD, MAIN[2] if call == "commits" else MERGE_BASE)
    history.actions.api.faults[call] = FAULTS[name]
    looked = look(history, tmp_path)
    assert isinstance(looked.found, NoBase), looked.log
    assert len(looked.warnings) == 1, looked.log
    assert looked.found.reason in looked.warnings[0]
    assert looked.warnings[0].endswith(" Nothing is compared.")
    assert "Traceback" not in looked.log
    assert "defect" not in looked.log
    assert history.actions.api.token not in looked.log
    assert not looked.folder.exists()
    assert history.actions.api.calls.count(call) <= 9
    if name in ("401", "403 read-only") and call != "blob":
        assert "`permissions: actions: read`" in looked.found.remedy


@pytest.mark.parametrize(("call", "name"), [(call, name) for call, name in EVERYWHERE if name in PASSES])
def test_find__a_fault_that_passes_is_not_noticed(history: HistoryApi, tmp_path: Path, call: str, name: str) -> None:
    history.keep(NAME, GOOD, MAIN[2] if call == "commits" else MERGE_BASE)
    history.actions.api.faults[call] = replace(FAULTS[name], times=1)
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found), looked.log
    assert looked.warnings == []


LARGE = {**bundles.CONTENT, "model.onnx": random.Random(0).randbytes(1_000_000)}
REPORT_OF_LARGE = bundles.report_of(LARGE, request=REPORT.request)


@pytest.mark.parametrize("breaks", [[300_000], [200_000, 200_000, 1], []])
def test_find__what_breaks_off_in_the_middle_goes_on_there(
    history: HistoryApi, tmp_path: Path, breaks: list[int]
) -> None:
    history.keep(NAME, bundles.zipped(bundles.bundle(REPORT_OF_LARGE, LARGE)), MERGE_BASE)
    history.actions.breaks = [*breaks]
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found), looked.log
    assert (looked.warnings, history.actions.breaks) == ([], [])
    assert (looked.folder / "model.onnx").read_bytes() == LARGE["model.onnx"]
    long = [asked for asked in history.actions.ranges if is_long(asked)]
    assert len(long) == len(set(long)) == 1 + len(breaks)


def is_long(asked: str) -> bool:
    """Whether a range is longer than what a jump brings."""
    first, last = map(int, asked.removeprefix("bytes=").split("-"))
    return last - first >= 1 << 17


def test_find__what_breaks_off_for_good_is_one_warning(history: HistoryApi, tmp_path: Path) -> None:
    history.keep(NAME, bundles.zipped(bundles.bundle(REPORT_OF_LARGE, LARGE)), MERGE_BASE)
    history.actions.breaks = [0] * 10
    looked = look(history, tmp_path)
    assert isinstance(looked.found, NoBase), looked.log
    assert len(looked.warnings) == 1, looked.log
    assert "the connection broke off" in looked.warnings[0]
    assert not looked.folder.exists()


@pytest.mark.parametrize("years", [-20, 20])
def test_find__a_clock_far_off_changes_nothing(
    history: HistoryApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + years * 365 * 86_400)
    history.keep(NAME, GOOD, MERGE_BASE)
    looked = look(history, tmp_path)
    assert isinstance(looked.found, Found), looked.log
    assert looked.warnings == []


def entry(name: str, data: bytes = b"x", mode: int = 0) -> bytes:
    """A good bundle with one more entry."""
    packed = io.BytesIO(GOOD)
    with zipfile.ZipFile(packed, "a") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, data)
    return packed.getvalue()


def bomb() -> bytes:
    """An index that promises 8 EiB."""
    packed = bytearray(GOOD)
    place = packed.index(b"PK\x01\x02")
    packed[place + 24 : place + 28] = struct.pack("<I", 0xFFFFFFFE)
    return bytes(packed)


HOSTILE = {
    "leads out": entry("../../escaped"),
    "absolute": entry("/tmp/escaped"),
    "link": entry("link", b"/etc/passwd", stat.S_IFLNK | 0o777),
    "twice": entry("model.onnx"),
    "bomb": bomb(),
    "cut off": GOOD[: len(GOOD) // 2],
    "no archive": b"hello" * 100,
    "empty": b"",
    "another graph": bundles.zipped({**bundles.bundle(), "model.onnx": b"another"}),
    "no report": bundles.zipped({"model.onnx": b"another"}),
    "report is no report": bundles.zipped({**bundles.bundle(), "report.json": b"{}"}),
    "flipped byte": GOOD.replace(b"the graph", b"the grapX"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_find__a_hostile_artifact_is_one_warning(history: HistoryApi, tmp_path: Path, name: str) -> None:
    history.keep(NAME, HOSTILE[name], MERGE_BASE)
    looked = look(history, tmp_path)
    assert isinstance(looked.found, NoBase), looked.log
    assert len(looked.warnings) == 1, looked.log
    assert "defect" not in looked.log
    assert not looked.folder.exists()
    assert not list(tmp_path.parent.rglob("escaped*"))
