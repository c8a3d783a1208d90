"""The assets of a bundle: names for people and shells, sizes that GitHub takes, and hashes that join them again."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from onnx_export_action import settings
from onnx_export_action.github.release import wanted
from onnx_export_action.github.release.plan import upload_name
from onnx_export_action.github.release.sending import Sending
from onnx_export_action.github.release.wanted import Cut, prefix_of
from onnx_export_action.report.terminal_log import TerminalLog
from tests.factories import make_model, make_report
from tests.integration.release_case import ASSETS, FILES, SMALL, write_bundle
from tests.unit import documents

GH = """#!/bin/sh
# gh release download TAG --repo REPOSITORY --pattern PATTERN
test "$1 $2" = "release download" && cd "$ASSETS" && cp $7 "$OLDPWD"
"""


def prefix(model: str, name: str | None = None) -> str:
    inputs = {"model": "a/b", **({"artifact-name": name} if name else {})}
    return prefix_of(make_report(model=make_model(id=model)), settings.parse(inputs, Path("/w")))


@pytest.mark.parametrize(
    ("model", "name", "expected"),
    [
        ("models/sentiment", None, "models-sentiment--"),
        ("owner/all-MiniLM-L6-v2", None, "owner-all-MiniLM-L6-v2--"),
        ("owner/model", "sentiment", "sentiment--"),
        ("owner/model", "My -- model (1)", "My-model-1--"),
        ("\u6a21\u578b", None, "model--"),
    ],
)
def test_prefix_of__is_the_artifacts_name_or_the_models(model: str, name: str | None, expected: str) -> None:
    assert prefix(model, name) == expected


@given(st.text(min_size=1), st.text(min_size=1))
def test_prefix_of__names_one_model_alone(first: str, second: str) -> None:
    one, other = prefix(first), prefix(second)
    assert one.count("--") == 1
    assert one == other or not other.startswith(one)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*--", one)


def sent(each: wanted.Wanted) -> bytes:
    body = Sending(each, TerminalLog(Console(quiet=True)))
    assert len(body) == each.size
    content = b"".join(body)
    body.close()
    return content


@given(content=st.binary(min_size=1, max_size=300), limit=st.integers(2, 200), part=st.integers(1, 100))
def test_cut__parts_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, limit: int, part: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "file"
    path.write_bytes(content)
    parts = list(wanted._cut(path, "m--file", Cut(limit, min(part, limit - 1))))
    assert b"".join(map(sent, parts)) == content
    assert all(0 < each.size < limit for each in parts)
    assert [each.name for each in parts] == sorted(each.name for each in parts)
    assert [hashlib.sha256(sent(each)).hexdigest() for each in parts] == [each.sha256 for each in parts]
    assert (len(parts) == 1 and parts[0].name == "m--file") is (len(content) < limit)


def test_cut__github_takes_no_file_of_two_gibibytes() -> None:
    assert Cut().limit == 1 << 31
    assert Cut().part < Cut().limit


def assets_of(folder: Path, files: dict[str, bytes] | None = None) -> list[wanted.Wanted]:
    found, left_out = wanted.wanted_of(write_bundle(folder, files), folder, "sentiment--", SMALL)
    assert left_out == []
    return found


def test_wanted_of__names_are_those_that_github_keeps(tmp_path: Path) -> None:
    found = assets_of(tmp_path)
    assert {each.name for each in found} == ASSETS
    for name in (*ASSETS, *(upload_name(each, "0123abcd") for each in found)):
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*[A-Za-z0-9_-]", name)


def downloaded(folder: Path, without: str = " ") -> subprocess.CompletedProcess[str]:
    """What the documented commands make of the assets, in a folder `sentiment`."""
    assets, tools = folder / "assets", folder / "tools"
    assets.mkdir()
    tools.mkdir()
    for each in assets_of(folder / "bundle"):
        if not each.name.endswith(without):
            (assets / each.name).write_bytes(sent(each))
    (assets / "sentiment-large--model.onnx").write_bytes(b"another model's")
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    commands = next(block.text for block in documents.blocks("docs/release.md", "sh") if "gh release" in block.text)
    variables = {"PATH": f"{tools}:{os.environ['PATH']}", "ASSETS": str(assets)}
    return subprocess.run(["sh", "-e", "-c", commands], cwd=folder, env=variables, capture_output=True, text=True)


def test_wanted_of__the_documented_commands_give_the_bundle_back(tmp_path: Path) -> None:
    done = downloaded(tmp_path)
    assert done.returncode == 0, done.stderr
    names = {*FILES, "manifest.json", "report.json", "report.html"}
    got = {path.name: path.read_bytes() for path in (tmp_path / "sentiment").iterdir()}
    assert got.pop("SHA256SUMS").count(b"\n") == len(names)
    assert got == {name: (tmp_path / "bundle" / name).read_bytes() for name in names}
    assert done.stdout.count(": OK") == len(names)


@pytest.mark.parametrize("missing", ["part001", "part003", "part004"])
def test_wanted_of__the_documented_commands_find_a_part_that_is_missing(tmp_path: Path, missing: str) -> None:
    done = downloaded(tmp_path, without=missing)
    assert done.returncode != 0
    assert "model.onnx_data: FAILED" in done.stdout
    assert (tmp_path / "sentiment" / "model.onnx_data.part002").exists()
