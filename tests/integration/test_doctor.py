"""`doctor` on this installation, and on one that lacks an interpreter."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import onnxruntime
import pytest

from onnx_export_action import __version__
from onnx_export_action.exporters import ladder
from onnx_export_action.workers import interpreters
from tests.integration import program

_SECRETS = {"INPUT_HF-TOKEN": "hf_secretsecret", "GITHUB_TOKEN": "ghs_secretsecret", "PASSWORD": "secretsecret"}


def test_doctor__tells_what_can_be_exported_and_run(tmp_path: Path) -> None:
    outcome = program.run(tmp_path, {}, flags=["doctor"], environment=_SECRETS)
    assert outcome.status == 0, outcome.log
    assert f"onnx-export-action {__version__}" in outcome.log
    assert f"torch {importlib.metadata.version('torch')}" in outcome.log
    assert "optimum-onnx 0.1.0" in outcome.log
    for route in ladder.ORDER:
        first, last = ladder.opsets(route)
        assert f"✓ {route}: opsets {first} to {last}, transformers " in outcome.log
    assert f"{onnxruntime.__version__}; providers: " in outcome.log
    assert "CPUExecutionProvider" in outcome.log
    assert "Workers have " in outcome.log
    assert "secretsecret" not in outcome.log.replace("::add-mask::hf_secretsecret", "")
    assert not (tmp_path / "onnx-export").exists()


def test_doctor__names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "optimum", lambda: tmp_path / "venv-optimum" / "bin" / "python")
    outcome = program.run(tmp_path, {}, flags=["doctor"])
    assert outcome.status == 4, outcome.log
    assert "✗ optimum cannot be used: The interpreter of this route is not installed" in outcome.log
    assert "✓ torchscript" in outcome.log
