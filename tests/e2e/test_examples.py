"""The workflows that users copy, in a real runner, before GitHub's described API and a real block store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import events
import pytest
import user
from act import Job
from archive import assert_holds_its_manifest, sha256
from events import FORK, Event
from hosting import Hosting, hosting
from user import Repository

from tests.integration.github_api import PULL, REPOSITORY

pytestmark = pytest.mark.usefixtures("image")


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Hosting]:
    with hosting(tmp_path / "store") as here:
        yield here


@pytest.fixture
def repository(tmp_path: Path, github: Hosting) -> Repository:
    return user.create(tmp_path, github)


def test_pull_request__one_comment_from_the_first_failure_to_a_rerun(
    repository: Repository, github: Hosting, bert: Path
) -> None:
    base = repository.push_to_main()
    event = events.pull_request(repository.push(without_its_weights(bert)), base)
    job = repository.run("pull-request.yml", "pull_request", event, run=40)
    assert job.status == 1
    assert [annotation.split()[0] for annotation in job.annotations] == ["::error"]
    assert "lfs: true" in job.annotations[0]
    (comment,) = github.api.texts()
    assert comment.count("lfs: true") == 1
    assert set(github.archive(40, "sentiment-onnx-failed")) == {"report.json", "report.md", "report.html"}

    event = events.pull_request(repository.push(bert), base)
    job = repository.run("pull-request.yml", "pull_request", event, run=41)
    assert (job.status, job.annotations) == (0, [])
    assert_arrived(job, github, run=41)
    (comment,) = github.api.texts()
    assert_tells(comment, job, event)

    again = repository.run("pull-request.yml", "pull_request", event, run=41, attempt=2)
    assert (again.status, again.outputs["comment-url"]) == (0, job.outputs["comment-url"])
    assert github.api.calls.count("create") == len(github.api.texts()) == 1


def test_fork__the_second_stage_comments_for_the_first_which_cannot(
    repository: Repository, github: Hosting, bert: Path
) -> None:
    base, head = repository.push_to_main(), repository.push(bert)
    event = events.pull_request(head, base, FORK)
    first = repository.run("fork-export.yml", "pull_request", event, run=41)
    assert (first.status, first.annotations, first.outputs["verdict"]) == (0, [], "pass")
    assert_holds_its_manifest(github.archive(41, "models-sentiment-onnx"))
    assert github.api.bodies == {}

    github.actions.open_pull(PULL, FORK, head)
    ended = events.workflow_run(41, "ONNX of pull requests", "fork-export.yml", head)
    second = repository.run("fork-comment.yml", "workflow_run", ended, run=42)
    assert (second.status, second.annotations) == (0, [])
    (comment,) = github.api.texts()
    assert_tells(comment, first, event)
    assert second.outputs == {"comment-url": f"https://github.com/{REPOSITORY}/pull/{PULL}#issuecomment-1000"}


def test_release__the_proven_bundle_is_attached(repository: Repository, github: Hosting, bert: Path) -> None:
    repository.push_to_main(bert)
    number = github.releases.publish("v1.0.0")
    job = repository.run("release.yml", "release", events.release(number, "v1.0.0"), run=41)
    assert (job.status, job.annotations) == (0, [])
    assets = {name.rpartition("--")[2]: content for name, content in github.releases.held(number).items()}
    assert sha256(assets["model.onnx"]) == job.outputs["sha256"]
    assert_holds_its_manifest(assets)
    for line in assets["SHA256SUMS"].decode().splitlines():
        digest, _, name = line.partition("  ")
        assert sha256(assets[name]) == digest
    assert {each.state for each in github.releases.assets.values()} == {"uploaded"}


def without_its_weights(model: Path) -> Path:
    """The model as a checkout without `lfs: true` has it: a pointer stands for the large file."""
    folder = model.with_name("pointers")
    shutil.copytree(model, folder)
    weights = folder / "model.safetensors"
    pointer = f"oid sha256:{sha256(weights.read_bytes())}\nsize {weights.stat().st_size}\n"
    weights.write_text(f"version https://git-lfs.github.com/spec/v1\n{pointer}")
    return folder


def assert_arrived(job: Job, github: Hosting, run: int) -> None:
    """The bundle is the run's artifact, the outputs name it, and the following step has read its file."""
    bundle, artifact = github.archive(run, "sentiment-onnx"), github.services[run].finished()["sentiment-onnx"]
    assert_holds_its_manifest(bundle)
    assert job.said_by("Use the file") == f"{sha256(bundle['model.onnx'])}  onnx-export/model.onnx"
    page = f"https://github.com/{REPOSITORY}"
    expected = {
        "verdict": "pass",
        "artifact-id": str(artifact.id),
        "artifact-url": f"{page}/actions/runs/{run}/artifacts/{artifact.id}",
        "comment-url": f"{page}/pull/{PULL}#issuecomment-1000",
        "sha256": sha256(bundle["model.onnx"]),
        "size-bytes": str(len(bundle["model.onnx"])),
    }
    assert job.outputs.items() >= expected.items()


def assert_tells(comment: str, job: Job, event: Event) -> None:
    """The comment speaks of the job's file at the event's commit, and leads to it."""
    assert "| ✅ pass | `models/sentiment` " in comment
    assert f"`{event['pull_request']['head']['sha'][:7]}`" in comment
    assert job.outputs["artifact-url"] in comment
    assert job.outputs["sha256"] in comment
