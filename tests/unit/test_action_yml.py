"""action.yml and docs/inputs.md say what the settings say."""

from pathlib import Path
from typing import Any

import pytest
import write_docs
import yaml

from onnx_export_action import settings

ACTION: dict[str, Any] = yaml.safe_load(write_docs.ACTION.read_text(encoding="utf-8"))
OUTPUTS = (
    "verdict",
    "onnx-path",
    "report-json",
    "report-markdown",
    "report-html",
    "sha256",
    "size-bytes",
    "opset",
    "exporter",
    "max-abs-diff",
    "latency-p50-ms",
    "artifact-id",
    "artifact-url",
    "comment-url",
    "release-url",
    "results",
    "matrix",
)


def test_inputs__are_those_of_the_settings_in_their_order() -> None:
    assert tuple(ACTION["inputs"]) == settings.input_names()


@pytest.mark.parametrize("name", settings.input_names())
def test_inputs__each_as_in_the_settings(name: str) -> None:
    field = settings.Settings.model_fields[name.replace("-", "_")]
    entry = ACTION["inputs"][name]
    assert entry["description"] == field.description
    assert entry["required"] is field.is_required()
    by_the_runner = {"github-token": "${{ github.token }}"}
    assert entry.get("default", "") == by_the_runner.get(name, settings.default_of(name))


def test_inputs__defaults_are_what_an_empty_input_means() -> None:
    required = {"model": "a/b"}
    written_out = {
        name: entry["default"]
        for name, entry in ACTION["inputs"].items()
        if entry.get("default") and name != "github-token"
    }
    assert settings.parse({**written_out, **required}, Path("/w")) == settings.parse(required, Path("/w"))


def test_outputs__are_the_contract_and_described() -> None:
    assert tuple(ACTION["outputs"]) == OUTPUTS
    assert all(entry["description"].endswith(".") for entry in ACTION["outputs"].values())


def test_runs__the_dockerfile_of_this_repository() -> None:
    assert ACTION["runs"] == {"using": "docker", "image": "Dockerfile"}


def test_action__regenerating_the_inputs_changes_nothing() -> None:
    text = write_docs.ACTION.read_text(encoding="utf-8")
    assert write_docs.action(text) == text


def test_second_action__is_the_first_with_tensorflow_in_its_image() -> None:
    text = write_docs.SECOND.read_text(encoding="utf-8")
    assert text == write_docs.second(write_docs.ACTION.read_text(encoding="utf-8"))
    second = yaml.safe_load(text)
    image = write_docs.SECOND.parent / second["runs"]["image"]
    assert image.resolve() == write_docs.ROOT / "tensorflow.Dockerfile"
    assert {**second, "name": ACTION["name"], "runs": ACTION["runs"]} == ACTION


def test_page__is_made_from_the_settings_and_action_yml() -> None:
    assert write_docs.PAGE.read_text(encoding="utf-8") == write_docs.page(ACTION["outputs"])
