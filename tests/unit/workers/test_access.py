"""The workers' user can read what it is given, and is never root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onnx_export_action.errors import SurroundingsError
from onnx_export_action.workers.access import user_for

NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with one file, open to everyone from the root on."""
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    folder = tmp_path / "model"
    folder.mkdir(mode=0o755)
    (folder / "weights").write_text("w", encoding="utf-8")
    (folder / "weights").chmod(0o644)
    return folder


def test_user_for__without_a_user_nothing_is_looked_at(tmp_path: Path) -> None:
    assert user_for(None, tmp_path / "missing") is None


def test_user_for__open_to_everyone(model: Path) -> None:
    assert user_for(NOBODY, model) == NOBODY


@needs_root
@pytest.mark.parametrize("closed", ["", "weights"])
def test_user_for__closed_by_another_user(model: Path, closed: str) -> None:
    os.chown(model / closed, 1001, 1001)
    (model / closed).chmod(0o700)
    assert user_for(NOBODY, model) == 1001


@needs_root
def test_user_for__closed_by_root_is_an_error_with_the_remedy(model: Path) -> None:
    (model / "weights").chmod(0o600)
    with pytest.raises(SurroundingsError, match="weights is readable by root alone") as caught:
        user_for(NOBODY, model)
    assert "chmod" in caught.value.remedy
