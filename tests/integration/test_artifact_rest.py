"""What was uploaded to a real block store comes back by GitHub's documented route, in ranges of a signed address."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from onnx_export_action.github.artifact.calls import Answer, Call, Caller
from onnx_export_action.github.artifact.download import Artifacts
from onnx_export_action.github.artifact.extract import Bounds, extract, read
from onnx_export_action.github.runner import RunnerLog
from tests.integration.artifact_case import NAME, deliver, sha256
from tests.integration.artifact_server import ArtifactServer, running
from tests.integration.azurite import Store, running_azurite
from tests.integration.github_actions_api import ActionsApi, Stored
from tests.integration.github_api import REPOSITORY, running_api


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_azurite(tmp_path_factory.mktemp("azurite")) as store:
        yield store


@pytest.fixture
def service(azurite: Store) -> Iterator[ArtifactServer]:
    with running(store=azurite.sign) as server:
        yield server


@pytest.fixture
def actions() -> Iterator[ActionsApi]:
    with running_api() as api:
        yield ActionsApi(api)


@pytest.fixture
def artifacts(actions: ActionsApi) -> Iterator[Artifacts]:
    client = Artifacts(actions.api.url, actions.api.token, REPOSITORY, RunnerLog(io.StringIO()))
    yield client
    client.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Each call's host with its port, and the bytes that it brought."""
    seen: list[tuple[str, int]] = []
    once = Caller.once

    def counted(self: Caller, call: Call) -> Answer:
        answer, port = once(self, call), str(httpx2.URL(call.url).port)
        seen.append((port, len(answer.body)))
        return replace(answer, pieces=counted_pieces(answer.pieces, port)) if answer.pieces else answer

    def counted_pieces(pieces: Generator[bytes], port: str) -> Generator[bytes]:
        for piece in pieces:
            seen.append((port, len(piece)))
            yield piece

    monkeypatch.setattr(Caller, "once", counted)
    return seen


def stored_at(store: Store, name: str, content: bytes) -> Callable[[], str]:
    """The blob put into the store, and what signs its address."""
    answer = httpx2.put(store.sign(name, "cw"), content=content, headers={"x-ms-blob-type": "BlockBlob"})
    assert answer.status_code == 201, answer.text
    return lambda: store.sign(name, "r")


def test_extract__what_upload_wrote_has_the_manifests_hashes(
    service: ArtifactServer, azurite: Store, actions: ActionsApi, artifacts: Artifacts, tmp_path: Path
) -> None:
    done = deliver(tmp_path / "onnx-export", service.environment())
    final = service.finished()[NAME].final or {}
    number = done.publication.artifact_id
    assert number is not None
    listed = Stored(number, 7, NAME, int(final["size"]), final["hash"], lambda: azurite.sign(NAME, "r"))
    actions.artifacts.append(listed)
    (found,) = artifacts.named(NAME)
    assert (found.id, found.size, found.digest) == (number, int(final["size"]), final["hash"])
    assert found.workflow_run is not None
    assert (found.workflow_run.id, found.workflow_run.head_branch) == (7, "feature")
    with artifacts.open(found) as archive:
        written = extract(archive, tmp_path / "back", Bounds())
    assert {path.name for path in written} == {path.name for path in (tmp_path / "onnx-export").iterdir()}
    manifest = json.loads((tmp_path / "back" / "manifest.json").read_text())
    for file in manifest["files"]:
        assert sha256((tmp_path / "back" / file["path"]).read_bytes()) == file["sha256"], file["path"]


def test_read__a_report_beside_large_weights_costs_kilobytes(
    azurite: Store, actions: ActionsApi, artifacts: Artifacts, asked: list[tuple[str, int]]
) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for number in range(3):
            archive.writestr(f"model.onnx_data{number}", random.Random(number).randbytes(10_000_000))
        archive.writestr("report.json", "{}")
    stored = actions.keep("large", written.getvalue())
    stored.address = stored_at(azurite, "large", written.getvalue())
    (found,) = artifacts.of_run(stored.run)
    with artifacts.open(found) as archive:
        assert read(archive, "report.json", Bounds()) == b"{}"
    blob = azurite.url.rsplit(":", 1)[1]
    assert 0 < sum(length for port, length in asked if port == blob) <= 300_000


def test_open__an_address_that_the_store_refuses_is_asked_for_anew(
    azurite: Store, actions: ActionsApi, artifacts: Artifacts
) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("report.json", "{}")
    good = stored_at(azurite, "again", written.getvalue())
    addresses = [azurite.sign("again", "w"), good()]
    actions.keep("again", written.getvalue(), address=lambda: addresses.pop(0))
    (found,) = artifacts.of_run(5)
    with artifacts.open(found) as archive:
        assert archive.namelist() == ["report.json"]
    assert addresses == []


def test_named__all_pages_the_newest_first(actions: ActionsApi, artifacts: Artifacts) -> None:
    for number in range(230):
        actions.keep("bundle" if number % 2 else "other", b"", run=number)
    found = artifacts.named("bundle")
    assert [artifact.id for artifact in found] == sorted((artifact.id for artifact in found), reverse=True)
    assert len(found) == 115
