"""The bundle reaches the artifact service whole, under a name that nobody has, and without a secret in the log."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import factories
from tests.integration.artifact_case import BLOCK, NAME, bundle, contents, deliver, sha256
from tests.integration.artifact_server import SIGNATURE, Artifact, ArtifactServer, running, token

GHES = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example.org"}


@pytest.fixture(params=[False, True], ids=["block store", "appends"])
def server(request: pytest.FixtureRequest) -> Iterator[ArtifactServer]:
    with running(appends=request.param) as service:
        yield service


@pytest.fixture
def github() -> Iterator[ArtifactServer]:
    with running() as service:
        yield service


def test_publish__the_archive_holds_the_bundle(server: ArtifactServer, tmp_path: Path) -> None:
    folder = tmp_path / "onnx-export"
    done = deliver(folder, server.environment())
    (artifact,) = server.finished().values()
    assert artifact.name == NAME
    assert contents(artifact.content) == {
        path.name: sha256(path.read_bytes()) for path in sorted(folder.iterdir(), key=lambda path: path.name)
    }
    assert done.publication.artifact_id == artifact.id
    assert done.publication.artifact_url == f"https://github.com/owner/name/actions/runs/7/artifacts/{artifact.id}"
    assert done.publication.problems == ()
    assert sha256(artifact.content) in done.log
    assert "::warning" not in done.log


def test_publish__weights_are_stored_and_texts_compressed(github: ArtifactServer, tmp_path: Path) -> None:
    deliver(tmp_path / "onnx-export", github.environment())
    (artifact,) = github.finished().values()
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as opened:
        stored = {info.filename for info in opened.infolist() if info.compress_type == zipfile.ZIP_STORED}
    assert stored == {"model.onnx", "model.onnx_data"}


def test_publish__blocks_have_one_size_and_ids_of_one_length(server: ArtifactServer, tmp_path: Path) -> None:
    deliver(tmp_path / "onnx-export", server.environment())
    (artifact,) = server.finished().values()
    sizes = sorted(len(block) for block in artifact.blocks.values())
    assert set(sizes[1:]) == {BLOCK}
    assert len(sizes) > 5
    assert {len(identifier) for identifier in artifact.blocks} == {64}


def test_publish__the_requests_are_those_that_every_server_takes(server: ArtifactServer, tmp_path: Path) -> None:
    deliver(tmp_path / "onnx-export", server.environment())
    assert [name for name in server.names() if name != "block"] == ["CreateArtifact", "blocklist", "FinalizeArtifact"]
    owner = {"workflow_run_backend_id": "11", "workflow_job_run_backend_id": "22"}
    assert server.requests[0][1] == {**owner, "name": NAME, "version": 4}
    headers = next(headers for name, _, headers in server.requests if name == "blocklist")
    assert headers["x-ms-blob-content-type"] == "application/zip"


def test_publish__the_same_files_give_the_same_archive(github: ArtifactServer, tmp_path: Path) -> None:
    for name in ("first", "second"):
        deliver(tmp_path / "onnx-export", github.environment(), artifact_name=name)
    first, second = (artifact.content for artifact in github.finished().values())
    assert first == second


def test_publish__secrets_are_masked_and_said_nowhere_else(github: ArtifactServer, tmp_path: Path) -> None:
    done = deliver(tmp_path / "onnx-export", github.environment())
    lines = done.log.splitlines()
    masked, rest = [[line for line in lines if line.startswith("::add-mask::") is kind] for kind in (True, False)]
    assert {f"::add-mask::{token()}", f"::add-mask::{SIGNATURE}"} <= set(masked)
    assert not any(secret in line for line in rest for secret in (token(), SIGNATURE, "sig="))


def test_publish__a_taken_name_gets_a_number(github: ArtifactServer, tmp_path: Path) -> None:
    github.artifacts += [Artifact(1, NAME), Artifact(2, f"{NAME}-2")]
    done = deliver(tmp_path / "onnx-export", github.environment())
    assert list(github.finished()) == [f"{NAME}-3"]
    assert f"{NAME!r} exists already in this run; this one is named '{NAME}-3'" in done.log


def test_publish__overwrite_replaces_the_artifact(github: ArtifactServer, tmp_path: Path) -> None:
    old = Artifact(1, NAME, final={"size": "3", "hash": "sha256:0"})
    github.artifacts.append(old)
    done = deliver(tmp_path / "onnx-export", github.environment(), overwrite="true")
    assert old not in github.artifacts
    assert github.finished()[NAME].id == done.publication.artifact_id
    assert "is replaced" in done.log


@pytest.mark.parametrize(("days", "most", "kept"), [("3", "90", 3), ("90", "5", 5), ("3", "0", 3), ("0", "90", None)])
def test_publish__is_kept_as_long_as_asked_and_allowed(
    github: ArtifactServer, tmp_path: Path, days: str, most: str, kept: int | None
) -> None:
    environment = {**github.environment(), "GITHUB_RETENTION_DAYS": most}
    deliver(tmp_path / "onnx-export", environment, retention_days=days)
    expires = github.requests[0][1].get("expires_at")
    if kept is None:
        assert expires is None
    else:
        left = datetime.strptime(expires, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) - datetime.now(UTC)
        assert timedelta(days=kept - 1) < left <= timedelta(days=kept)


def test_publish__what_failed_its_proof_lies_under_another_name(github: ArtifactServer, tmp_path: Path) -> None:
    report = factories.make_failed_report(files=bundle(tmp_path / "onnx-export"))
    deliver(tmp_path / "onnx-export", github.environment(), report, artifact_name="wanted")
    assert list(github.finished()) == ["wanted-failed"]


def test_publish__an_error_leaves_its_report_and_no_file_of_an_earlier_run(
    github: ArtifactServer, tmp_path: Path
) -> None:
    folder = tmp_path / "onnx-export"
    for name in ("attempts/torch.txt", "attempts/earlier.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Traceback")
    failed = factories.make_export(attempts=(factories.make_attempt("torch", ok=False),) * 2, exporter=None)
    deliver(folder, github.environment(), factories.make_error_report(export=failed), artifact_name="wanted")
    (artifact,) = github.finished().values()
    assert artifact.name == "wanted-failed"
    assert set(contents(artifact.content)) == {"attempts/torch.txt", "report.json"}


@pytest.mark.parametrize(
    ("report", "inputs"),
    [(None, {"upload_artifact": "false"}), (factories.make_report(files=()), {})],
    ids=["not wanted", "no files"],
)
def test_publish__nothing_is_sent(
    github: ArtifactServer, tmp_path: Path, report: factories.Report | None, inputs: dict[str, str]
) -> None:
    done = deliver(tmp_path / "onnx-export", github.environment(), report, **inputs)
    assert github.requests == []
    assert done.publication.artifact_id is None
    assert done.publication.problems == ()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "There is no artifact service here; the files lie in onnx-export."),
        ({"GITHUB_ACTIONS": "true"}, "the files lie in onnx-export."),
        (GHES, "::warning title=onnx-export-action::This server has no artifact service of version 4."),
        ({**GHES, "ACTIONS_RUNTIME_TOKEN": token()}, "with a following step"),
        (
            {**GHES, "ACTIONS_RUNTIME_TOKEN": token("Actions.Other"), "ACTIONS_RESULTS_URL": "http://127.0.0.1:9"},
            "with a following step",
        ),
        ({"ACTIONS_RUNTIME_TOKEN": "opaque", "ACTIONS_RESULTS_URL": "http://127.0.0.1:9"}, "with a following step"),
    ],
    ids=["shell", "runner", "GHES", "GHES token", "GHES scope", "opaque token"],
)
def test_publish__without_a_service_says_what_to_do(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    done = deliver(tmp_path / "onnx-export", environment)
    assert said in done.log
    assert done.publication.problems == ()


@pytest.mark.parametrize("broken", ["gone", "link", "longer"])
def test_publish__a_file_that_is_not_as_it_was_is_not_sent(github: ArtifactServer, tmp_path: Path, broken: str) -> None:
    files = bundle(tmp_path / "onnx-export")
    report = factories.make_report(files=(*files, files[0].model_copy(update={"path": "extra.json"})))
    if broken == "link":
        (tmp_path / "onnx-export" / "extra.json").symlink_to("config.json")
    elif broken == "longer":
        (tmp_path / "onnx-export" / "extra.json").write_text("longer than it was")
    done = deliver(tmp_path / "onnx-export", github.environment(), report)
    assert github.finished() == {}
    assert "extra.json" in done.publication.problems[0]
    assert done.log.count("::warning") == 1


def test_manifest__is_in_the_archive(github: ArtifactServer, tmp_path: Path) -> None:
    deliver(tmp_path / "onnx-export", github.environment())
    (artifact,) = github.finished().values()
    held = contents(artifact.content)
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as opened:
        manifest = json.loads(opened.read("manifest.json"))
    assert {file["path"]: file["sha256"] for file in manifest["files"]}.items() <= held.items()
