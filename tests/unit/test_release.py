"""A release: the digest in action.yml, the changelog's section, and a workflow that may no more than it must."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pin_image
import pytest
import release_notes
import yaml

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")
DIGEST = "sha256:" + "0a" * 32
IMAGE = f"ghcr.io/acme/onnx-export-action@{DIGEST}"
WORKFLOWS = sorted((*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "examples").glob("*.yml")))
RELEASE: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
CHANGELOG = """\
# Changelog

## [1.2.0] - 2026-01-02

### Added

- A thing.

## [1.1.0] - 2025-12-01

- Older.

## [1.0.0] - 2025-11-01
"""


def notes(version: str = "1.2.0", changelog: str = CHANGELOG, project: str = "1.2.0", package: str = "1.2.0") -> str:
    return release_notes.notes(
        version, changelog, f'[project]\nversion = "{project}"\n', f'"""Doc."""\n\n__version__ = "{package}"\n'
    )


@pytest.mark.parametrize("image", [IMAGE, f"127.0.0.1:5000/acme/a_b@{DIGEST}", f"ghcr.io/acme/a.b-c@{DIGEST}"])
def test_pinned__changes_the_image_and_nothing_else(image: str) -> None:
    before, after = yaml.safe_load(ACTION), yaml.safe_load(pin_image.pinned(ACTION, image))
    assert after.pop("runs") == {"using": "docker", "image": f"docker://{image}"}
    assert before.pop("runs") == {"using": "docker", "image": "Dockerfile"}
    assert after == before
    assert len(pin_image.pinned(ACTION, image).splitlines()) == len(ACTION.splitlines())


@pytest.mark.parametrize(
    "image",
    [
        "",
        "ghcr.io/acme/action",
        "ghcr.io/acme/action:1.0",
        "ghcr.io/acme/action@sha256:null",
        f"ghcr.io/acme/action@{DIGEST}0",
        f"ghcr.io/Acme/action@{DIGEST}",
        f"docker://{IMAGE}",
        f"{IMAGE}\n  args: [x]",
        DIGEST,
        f"@{DIGEST}",
    ],
)
def test_pinned__refuses_what_is_no_digest_of_an_image(image: str) -> None:
    with pytest.raises(SystemExit, match="not an image"):
        pin_image.pinned(ACTION, image)


def test_pinned__refuses_a_second_time() -> None:
    with pytest.raises(SystemExit, match="already"):
        pin_image.pinned(pin_image.pinned(ACTION, IMAGE), IMAGE)


def test_notes__are_the_section_of_the_version() -> None:
    assert notes() == "### Added\n\n- A thing.\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"version": "v1.2.0"}, "not a version"),
        ({"version": "1.2"}, "not a version"),
        ({"version": "1.2.0; rm"}, "not a version"),
        ({"version": "01.2.0"}, "not a version"),
        ({"version": "1.3.0"}, "pyproject.toml says 1.2.0, not 1.3.0."),
        ({"package": "1.1.0"}, "the package says 1.1.0, not 1.2.0."),
        ({"changelog": CHANGELOG.replace("[1.2.0] - 2026-01-02", "[Unreleased] 1.2.0")}, "no section"),
        ({"version": "1.0.0", "project": "1.0.0", "package": "1.0.0"}, "no section"),
    ],
)
def test_notes__refuse_a_version_that_is_not_ready(given: dict[str, str], said: str) -> None:
    with pytest.raises(SystemExit, match=re.escape(said)):
        notes(**given)


def test_versions__of_the_project_and_the_package_are_one() -> None:
    project = release_notes._in_project((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    package = release_notes._in_package((ROOT / "src/onnx_export_action/__init__.py").read_text(encoding="utf-8"))
    assert project == package


def test_workflow__has_no_right_but_those_of_its_jobs() -> None:
    assert RELEASE["permissions"] == {}
    assert {name: job["permissions"] for name, job in RELEASE["jobs"].items()} == {
        "check": {"actions": "read", "contents": "read"},
        "build": {"contents": "read", "packages": "write"},
        "image": {"id-token": "write", "packages": "write"},
        "tag": {"contents": "write"},
        "major": {"contents": "write"},
    }


def test_workflow__tags_after_the_image_is_signed_and_builds_after_the_check() -> None:
    needs = {name: job.get("needs", []) for name, job in RELEASE["jobs"].items()}
    assert needs == {"check": [], "build": "check", "image": ["check", "build"], "tag": ["check", "image"], "major": []}


def test_workflow__builds_the_same_platforms_that_it_joins() -> None:
    jobs = RELEASE["jobs"]
    platforms = {entry["platform"] for entry in jobs["build"]["strategy"]["matrix"]["include"]}
    joined = next(step for step in jobs["image"]["steps"] if step.get("id") == "index")
    assert platforms == set(jobs["build"]["outputs"]) == {"amd64", "arm64"}
    assert {name.lower() for name in joined["env"]} - {"version"} == platforms
    assert all(f'"$IMAGE@${name.upper()}"' in joined["run"] for name in platforms)


def test_workflows__name_one_commit_for_each_version_of_an_action() -> None:
    used = {
        match.groups()
        for path in WORKFLOWS
        for match in re.finditer(r"uses: ([\w./-]+)@([0-9a-f]{40})(?: # (\S+))?", path.read_text(encoding="utf-8"))
        if not match[1].startswith("org/")
    }
    assert all(version for _, _, version in used)
    assert len({(action, version) for action, _, version in used}) == len(used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows__pin_every_action(path: Path) -> None:
    used = re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"\./|[\w./-]+@[0-9a-f]{40}", action) for action in used)
