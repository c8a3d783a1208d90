"""The artifact's name says what it holds, in characters that every server takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action import settings
from onnx_export_action.errors import UsageError
from onnx_export_action.publish import artifact_name
from tests import factories


def name_of(model: str, verdict_passes: bool = True, **inputs: str) -> str:
    make = factories.make_report if verdict_passes else factories.make_failed_report
    report = make(model=factories.make_model(id=model))
    return artifact_name(report, settings.parse({"model": "a/b", **inputs}, Path("/w")))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("owner/model", "owner-model-onnx"),
        ("./models/sentiment/", "models-sentiment-onnx"),
        ("models/classifier.onnx", "models-classifier-onnx"),
        ("owner/all-MiniLM-L6-v2", "owner-all-MiniLM-L6-v2-onnx"),
        ("\u6a21\u578b", "model-onnx"),
        ("..", "model-onnx"),
    ],
)
def test_artifact_name__is_the_models(model: str, name: str) -> None:
    assert name_of(model) == name
    assert name_of(model, verdict_passes=False) == f"{name}-failed"


@given(st.text(min_size=1))
def test_artifact_name__is_valid_for_any_model(model: str) -> None:
    name = name_of(model)
    assert settings.parse({"model": "a/b", "artifact-name": name}, Path("/w")).artifact_name == name
    assert len(name) < 120


def test_artifact_name__is_the_one_asked_for() -> None:
    assert name_of("owner/model", **{"artifact-name": "my model"}) == "my model"
    assert name_of("owner/model", verdict_passes=False, **{"artifact-name": "my model"}) == "my model-failed"


@pytest.mark.parametrize("name", [*(f"a{char}b" for char in '":<>|*?\\/\r\n\t'), ".", "..", "x" * 201])
def test_artifact_name__that_no_server_takes_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="artifact-name"):
        settings.parse({"model": "a/b", "artifact-name": name}, Path("/w"))


@pytest.mark.parametrize("days", ["-1", "401", "1.5", "ten"])
def test_retention_days__out_of_range_is_a_usage_error(days: str) -> None:
    with pytest.raises(UsageError, match="retention-days"):
        settings.parse({"model": "a/b", "retention-days": days}, Path("/w"))


def test_artifact_name__a_gate_that_failed_leaves_the_proven_file_its_name() -> None:
    report = factories.make_report(comparison=factories.make_comparison())
    assert (report.verdict, report.proven) == ("fail", True)
    assert not artifact_name(report, settings.parse({"model": "a/b"}, Path("/w"))).endswith("-failed")
