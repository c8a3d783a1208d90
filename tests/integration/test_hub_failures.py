"""What a refusing, busy, broken or absent Hub leads to: one sentence, and never half a file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest

from onnx_export_action.errors import SurroundingsError, UsageError
from tests.integration.hub_case import NAME, OLD, TOKEN, failure, fetch, files, names_in
from tests.integration.hub_server import Fault, Hub, Repository, running_hub
from tests.unit.sources.models import WEIGHTS, RecordingLog, resolve_in

REFUSALS = [
    pytest.param(Repository(files(), token=TOKEN), {}, "private", "hf-token", id="private without a token"),
    pytest.param(
        Repository(files(), token="hf_other"), {"hf_token": TOKEN}, "refuses the token", "valid", id="wrong token"
    ),
    pytest.param(Repository(files(), gated=True), {}, "gated", "hf-token", id="gated without a token"),
    pytest.param(
        Repository(files(), gated=True), {"hf_token": TOKEN}, "gated", "Accept its conditions", id="gated for the token"
    ),
    pytest.param(None, {}, "does not exist", "Correct the name", id="unknown to strangers"),
    pytest.param(None, {"hf_token": TOKEN}, "model not found", "Correct the name", id="unknown"),
    pytest.param(
        Repository(files(), refs={"v1.0": OLD}, older={OLD: {}}),
        {"revision": "v1"},
        "no revision 'v1'",
        "v1.0",
        id="unknown revision",
    ),
    pytest.param(Repository(files()), {"subfolder": "none"}, "no such folder", "subfolder", id="unknown subfolder"),
    pytest.param(
        Repository(files()),
        {"subfolder": "a/../../b"},
        "leads outside",
        "inside the model",
        id="subfolder leads outside",
    ),
    pytest.param(Repository({"README.md": b""}), {}, "no config.json", "subfolder", id="no config"),
    pytest.param(
        Repository({"config.json": b"{}", "tf_model.h5": b""}), {}, "only tf_model.h5", "save_pretrained", id="h5 only"
    ),
    pytest.param(Repository({"config.json": b"{}"}), {}, "no weights", "model.safetensors", id="no weights"),
]


@pytest.mark.parametrize(("repository", "inputs", "message", "remedy"), REFUSALS)
def test_resolve__refused(
    hub: Hub, tmp_path: Path, repository: Repository | None, inputs: dict[str, str], message: str, remedy: str
) -> None:
    hub.repositories = {NAME: repository} if repository else {}
    error = failure(hub, tmp_path, **inputs)
    assert isinstance(error, UsageError)
    assert message in error.message
    assert remedy.lower() in error.remedy.lower()


@pytest.mark.parametrize("place", ["GET hub /api/models/owner/tiny", "/tree/", "HEAD hub", "GET cdn"])
@pytest.mark.parametrize("status", [429, 503])
def test_resolve__busy_hub_is_asked_again_after_the_time_it_names(
    hub: Hub, tmp_path: Path, waits: list[float], place: str, status: int
) -> None:
    hub.repositories[NAME] = Repository(files())
    hub.faults[place] = [Fault(status, {"Retry-After": "7"})] * 2
    assert fetch(hub, tmp_path).weights[0].size_bytes == len(WEIGHTS)
    assert waits == [7.0, 7.0]


def test_resolve__quota_in_the_hubs_own_header(hub: Hub, tmp_path: Path, waits: list[float]) -> None:
    hub.repositories[NAME] = Repository(files())
    hub.faults["/tree/"] = [Fault(429, {"RateLimit": '"api";r=0;t=42'})]
    fetch(hub, tmp_path)
    assert waits == [42.0]


@pytest.mark.parametrize(
    ("fault", "pauses", "message"),
    [
        (Fault(429, {"Retry-After": "3600"}), [], "429"),
        (Fault(429, {"Retry-After": "100"}), [100.0] * 3, "429"),
        (Fault(429), [1.0, 2.0, 4.0, 8.0], "429"),
        (Fault(500), [1.0, 2.0, 4.0, 8.0], "status 500"),
    ],
)
def test_resolve__patience_ends(
    hub: Hub, tmp_path: Path, waits: list[float], fault: Fault, pauses: list[float], message: str
) -> None:
    hub.repositories[NAME] = Repository(files())
    hub.faults["/api/models"] = [fault] * 20
    error = failure(hub, tmp_path)
    assert isinstance(error, SurroundingsError)
    assert message in error.message
    assert waits == pauses


def test_resolve__hub_out_of_reach(tmp_path: Path, waits: list[float]) -> None:
    with running_hub() as gone:
        pass
    error = failure(gone, tmp_path)
    assert isinstance(error, SurroundingsError)
    assert "cannot be reached: the connection failed" in error.message
    assert len(waits) == 4


def test_resolve__truncated_download_is_resumed(
    hub: Hub, tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 10)
    hub.repositories[NAME] = Repository(files())
    hub.faults["GET cdn"] = [Fault(keep_bytes=20)]
    model = fetch(hub, tmp_path)
    assert (Path(model.path) / "model.safetensors").read_bytes() == WEIGHTS
    assert [r.range for r in hub.requests if r.origin == "cdn"] == [None, "bytes=20-"]
    assert waits == [1]


def test_resolve__download_that_never_ends_well_leaves_no_file(hub: Hub, tmp_path: Path, waits: list[float]) -> None:
    hub.repositories[NAME] = Repository(files())
    hub.faults["GET cdn"] = [Fault(keep_bytes=0)] * 50
    error = failure(hub, tmp_path)
    assert isinstance(error, SurroundingsError)
    assert "broke off" in error.message
    assert waits
    assert not [name for name in names_in(tmp_path) if name.endswith((".safetensors", ".incomplete"))]


def test_resolve__damaged_download_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    hub.faults["GET cdn"] = [Fault(damaged=True)]
    assert (Path(fetch(hub, tmp_path).path) / "model.safetensors").read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("place", "name"), [("GET cdn", "model.safetensors"), ("GET hub /owner/tiny/resolve", "config.json")]
)
def test_resolve__download_damaged_twice(hub: Hub, tmp_path: Path, place: str, name: str) -> None:
    content = files()
    del content["tokenizer.json"], content["vocab.txt"]
    hub.repositories[NAME] = Repository(content)
    hub.faults[place] = [Fault(damaged=True)] * 2
    error = failure(hub, tmp_path)
    assert isinstance(error, SurroundingsError)
    assert f"{name} of 'owner/tiny' arrived twice" in error.message
    assert name not in {Path(path).name for path in names_in(tmp_path)}


def test_resolve__cached_file_that_was_changed_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    path = Path(fetch(hub, tmp_path).path) / "model.safetensors"
    path.write_bytes(WEIGHTS[:-1])
    fetch(hub, tmp_path)
    assert path.read_bytes() == WEIGHTS


def test_resolve__disk_too_small(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories[NAME] = Repository(files())
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100))
    error = failure(hub, tmp_path)
    assert isinstance(error, SurroundingsError)
    assert "disk is too small for the download of owner/tiny" in error.message
    assert "model.safetensors" not in hub.downloaded()


@pytest.mark.parametrize("body", [b"<html>Log in</html>", b"[]", b'{"sha": 7}', b"\xff"])
def test_resolve__something_else_answers(
    hub: Hub, tmp_path: Path, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repositories[NAME] = Repository(files())
    monkeypatch.setattr("tests.integration.hub_server.json.dumps", lambda _: body.decode("latin-1"))
    error = failure(hub, tmp_path)
    assert isinstance(error, SurroundingsError)
    assert "cannot be understood" in error.message


def test_resolve__another_commit_than_the_pinned_one(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories[NAME] = Repository(files())
    monkeypatch.setattr(Repository, "commit_of", lambda *_: "1" * 40)
    error = failure(hub, tmp_path, revision="3" * 40)
    assert isinstance(error, SurroundingsError)
    assert hub.downloaded() == set()


def test_resolve__storage_that_refuses_says_nothing_about_the_model(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    hub.faults["GET cdn"] = [Fault(403)]
    error = failure(hub, tmp_path)
    assert isinstance(error, SurroundingsError)
    assert "storage behind the Hub answered 403" in error.message


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://hub", "http://", ""])
def test_resolve__address_of_the_hub_is_none(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(UsageError, match="HF_ENDPOINT"):
        resolve_in(tmp_path, NAME, endpoint=endpoint)


def test_resolve__address_with_a_slash_at_its_end(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    assert resolve_in(tmp_path, NAME, endpoint=f"{hub.endpoint}/").id == NAME


def test_resolve__full_disk(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories[NAME] = Repository(files())

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("onnx_export_action.sources.hub_repository.hf_hub_download", full)
    assert failure(hub, tmp_path).message == "the disk filled up during the download."


def test_resolve__offline_mode(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    error = failure(hub, tmp_path)
    assert "HF_HUB_OFFLINE" in error.message
    assert hub.requests == []


def test_resolve__large_files_show_progress(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnx_export_action.sources.hub_repository._LARGE", 10)
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 40)
    hub.repositories[NAME] = Repository(files())
    log = RecordingLog()
    fetch(hub, tmp_path, log)
    assert [line for line in log.lines if line.startswith("model.safetensors")][-1].startswith(
        "model.safetensors: 100 %"
    )
