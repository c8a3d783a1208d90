"""What the locks and the action's files may not lose sight of."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = ("bootstrap", "demo", "dev", "main", "optimum", "tensorflow")
# Both interpreters hold these in versions of their own; everything else that both hold is one file on the disk.
OWN_VERSIONS = {"huggingface-hub", "optimum", "tokenizers", "transformers"}


def pins(lock: str) -> set[str]:
    """A lock's `name==version` entries, with their markers."""
    return set(
        re.findall(r"^([a-z0-9._-]+==[^\\\n]+?) *\\?$", (REQUIREMENTS / f"{lock}.txt").read_text(), re.MULTILINE)
    )


def versions(lock: str) -> dict[str, set[str]]:
    """A lock's packages, each with its versions: several where they depend on the platform."""
    found: dict[str, set[str]] = {}
    for name, version in (pin.partition(" ;")[0].split("==") for pin in pins(lock)):
        found.setdefault(name, set()).add(version)
    return found


def torch_versions(text: str) -> set[str]:
    return set(re.findall(r"\btorch==(\d+\.\d+\.\d+)", text))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock__every_entry_has_a_hash(lock: str) -> None:
    text = (REQUIREMENTS / f"{lock}.txt").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock)) > 0
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock__names_no_place_on_a_machine(lock: str) -> None:
    text = (REQUIREMENTS / f"{lock}.txt").read_text()
    assert not re.search(r"(^|[\s=])(/|file:|https?:)", text)


@pytest.mark.parametrize("lock", ["optimum", "tensorflow"])
def test_lock__interpreters_share_every_version_that_they_can(lock: str) -> None:
    main, other = versions("main"), versions(lock)
    differ = {name for name in main.keys() & other.keys() if not main[name] & other[name]}
    assert differ <= OWN_VERSIONS


def test_torch__one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    metadata = {entry["version"] for entry in project["tool"]["uv"]["dependency-metadata"] if entry["name"] == "torch"}
    declared = torch_versions(" ".join(project["project"]["dependencies"]))
    optimum = torch_versions((REQUIREMENTS / "optimum.in").read_text())
    assert metadata == declared == optimum == torch_versions((REQUIREMENTS / "torch.txt").read_text())


def test_torch__is_the_cpu_build_on_linux() -> None:
    lines = [line for line in (REQUIREMENTS / "torch.txt").read_text().splitlines() if '== "linux"' in line]
    assert len(lines) == 1
    assert "+cpu" in lines[0]


def test_entrypoint__is_at_most_ten_lines() -> None:
    assert len((ROOT / "entrypoint.py").read_text().splitlines()) <= 10


def test_dockerfile__of_tensorflow_is_the_other_and_tensorflow() -> None:
    first, second = ((ROOT / name).read_text().splitlines() for name in ("Dockerfile", "tensorflow.Dockerfile"))
    more = [line for line in second if line not in first]
    assert [line for line in second if line and line not in more] == [line for line in first if line]
    assert len(more) == 7
    assert all("tensorflow" in line.lower() for line in more)


@pytest.mark.parametrize("name", ["Dockerfile", "tensorflow.Dockerfile"])
def test_dockerfile__needs_no_registry_beside_its_base(name: str) -> None:
    text = (ROOT / name).read_text()
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert bases - set(re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE)) == {"python:3.11-slim-bookworm"}
    assert "# syntax" not in text
    assert "--mount" not in text
