"""The interpreter that is made when it is first needed: when it is, when not, and what is said where it cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.workers import first_need, interpreters
from tests.unit.sources.models import RecordingLog

MAKES = """#!/bin/sh
mkdir -p "$3-tensorflow/bin" && touch "$3-tensorflow/bin/python"
echo "made $5 with $QUIET$UV_INDEX_URL$GITHUB_TOKEN"; echo . >>"$2"
"""
FAILS = """#!/bin/sh
echo "Resolved 39 packages"
echo "error: Failed to fetch: https://index/keras" >&2
echo "  Caused by: no route" >&2
exit 2
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose third interpreter is not there."""
    monkeypatch.setattr(interpreters.sys, "prefix", str(tmp_path / ".venv"))
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "tensorflow.txt").write_text("")
    return tmp_path


def script(checkout: Path, text: str) -> None:
    (checkout / "scripts").mkdir(exist_ok=True)
    (checkout / "scripts" / "interpreters").write_text(text)
    (checkout / "scripts" / "interpreters").chmod(0o755)


def need(checkout: Path, **environment: str) -> RecordingLog:
    log = RecordingLog()
    first_need.tensorflow({"PATH": os.environ["PATH"], **environment}, log, checkout)
    return log


def test_tensorflow__is_made_once_and_again_for_another_lock(checkout: Path) -> None:
    script(checkout, MAKES)
    log = need(checkout, UV_INDEX_URL="index", GITHUB_TOKEN="ghs_secret")
    assert log.lines == ["Make the interpreter with TensorFlow: 1.6 GB, this once", "made tensorflow with index"]
    assert need(checkout).lines == []
    os.utime(checkout / "requirements" / "tensorflow.txt", (2e9, 2e9))
    os.utime(checkout / ".venv-tensorflow" / ".setup", (1e9, 1e9))
    assert need(checkout).lines
    assert (checkout / ".cache").read_text() == ".\n.\n"


def test_tensorflow__that_was_left_half_made_is_made_again(checkout: Path) -> None:
    script(checkout, MAKES)
    (checkout / ".venv-tensorflow" / "bin").mkdir(parents=True)
    (checkout / ".venv-tensorflow" / "bin" / "python").touch()
    assert need(checkout).lines


def test_tensorflow__cannot_be_made(checkout: Path) -> None:
    script(checkout, FAILS)
    with pytest.raises(SurroundingsError) as caught:
        need(checkout)
    said = "The interpreter with TensorFlow could not be made: Failed to fetch: https://index/keras."
    assert caught.value.message == said
    assert "make tensorflow" in caught.value.remedy
    assert not (checkout / ".venv-tensorflow" / ".setup").exists()


def test_tensorflow__of_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters.sys, "prefix", str(tmp_path / "venv"))
    with pytest.raises(UsageError, match="no TensorFlow, which the model needs") as caught:
        need(tmp_path)
    assert "onnx-export-action/tensorflow@" in caught.value.remedy
    (tmp_path / "venv-tensorflow" / "bin").mkdir(parents=True)
    (tmp_path / "venv-tensorflow" / "bin" / "python").touch()
    assert need(tmp_path).lines == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_tensorflow__where_nothing_may_be_written(checkout: Path) -> None:
    script(checkout, MAKES)
    checkout.chmod(0o555)
    with pytest.raises(SurroundingsError, match="cannot be made in"):
        need(checkout)
