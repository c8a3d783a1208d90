"""The commands of this repository's release workflow, with a `gh` that writes down what it is asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
JOBS: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
COMMIT = "0a" * 20
GH = f"""#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
*/commits/*) echo {COMMIT} ;;
esac
case "$*" in *"$FAILS"*) exit 1 ;; esac
"""


def step(job: str, name: str) -> str:
    """What a step runs."""
    (found,) = [each["run"] for each in JOBS[job]["steps"] if each.get("name") == name]
    return str(found)


def run(script: str, folder: Path, fails: str = "nothing", **variables: str) -> tuple[int, list[str]]:
    """The exit status, and what `gh` was asked; calls that hold `fails` fail."""
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    given = {"PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(calls), "FAILS": fails, "RUNNER_TEMP": str(folder)}
    # As the runner starts a step that names no shell.
    done = subprocess.run(["bash", "-e", "-c", script], cwd=ROOT, env={**given, **variables}, capture_output=True)
    return done.returncode, calls.read_text().splitlines()


@pytest.mark.parametrize("exists", [True, False])
def test_major__moves_the_tag_to_the_releases_commit_or_makes_it(tmp_path: Path, exists: bool) -> None:
    script = step("major", "Move it to what was published")
    variables = {"TAG": "v1.2.3", "GITHUB_REPOSITORY": "acme/action"}
    status, calls = run(script, tmp_path, "nothing" if exists else "PATCH", **variables)
    asked, moved, *made = calls
    assert status == 0
    assert asked == "api repos/acme/action/commits/v1.2.3 --jq .sha"
    assert moved == f"api --method PATCH repos/acme/action/git/refs/tags/v1 --field sha={COMMIT} --field force=true"
    new = f"api --method POST repos/acme/action/git/refs --field ref=refs/tags/v1 --field sha={COMMIT}"
    assert made == ([] if exists else [new])


@pytest.mark.parametrize("tag", ["v1", "v1.2.3-rc.1", "1.2.3", "v1.2.3; rm -rf /", "latest"])
def test_major__leaves_what_is_no_released_version(tmp_path: Path, tag: str) -> None:
    status, calls = run(step("major", "Move it to what was published"), tmp_path, TAG=tag, GITHUB_REPOSITORY="a/b")
    assert status != 0
    assert calls == []


@pytest.mark.parametrize(("version", "pre"), [("1.2.3", "false"), ("1.2.3-rc.1", "true")])
def test_draft__has_the_changelogs_notes_once(tmp_path: Path, version: str, pre: str) -> None:
    script = step("tag", "Draft the release").replace("scripts/release_notes.py", "-c 'print(1)'")
    status, calls = run(script, tmp_path, fails="release view", VERSION=version)
    assert status == 0
    options = f"--draft --prerelease={pre} --verify-tag --title {version} --notes-file {tmp_path}/notes.md"
    assert calls == [f"release view v{version}", f"release create v{version} {options}"]
    (tmp_path / "calls").unlink()
    assert run(script, tmp_path, VERSION=version) == (0, [f"release view v{version}"])


@pytest.mark.parametrize(("ref", "status"), [("refs/heads/main", 0), ("refs/heads/other", 1), ("refs/tags/main", 1)])
def test_check__is_for_main(tmp_path: Path, ref: str, status: int) -> None:
    assert run(step("check", "This is main"), tmp_path, GITHUB_REF=ref) == (status, [])


def test_check__the_image_has_no_capitals(tmp_path: Path) -> None:
    output = tmp_path / "output"
    script = step("check", "The image's name, which has no capitals")
    status, _ = run(script, tmp_path, GITHUB_REPOSITORY="Acme/ONNX-Action", GITHUB_OUTPUT=str(output))
    assert (status, output.read_text()) == (0, "image=ghcr.io/acme/onnx-action\n")


def test_check__without_a_green_ci_nothing_is_released(tmp_path: Path) -> None:
    status, calls = run(step("check", "CI has passed on this commit"), tmp_path, GITHUB_SHA=COMMIT)
    assert status != 0
    assert calls == [f"run list --workflow ci.yml --commit {COMMIT} --status success --json url --jq .[0].url"]
