"""The second action: TensorFlow in its image, and the first one's sentence where such a model meets it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from action import DOCKER, ROOT, run_action

IMAGE = "onnx-export-action-tensorflow:e2e"
pytestmark = pytest.mark.skipif(
    os.environ.get("E2E_TENSORFLOW") != "true", reason="a larger image takes minutes to build: E2E_TENSORFLOW=true"
)
MODEL = """
import keras
inputs = keras.Input((None,), dtype="int32", name="ids")
hidden = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(50, 8)(inputs))
keras.Model(inputs, keras.layers.Dense(3, name="scores")(hidden)).export("/models/saved", verbose=False)
"""


@pytest.fixture(scope="session")
def tensorflow_image(image: str) -> str:  # noqa: ARG001 its layers are most of this one's
    """The image that tensorflow/action.yml names, built as the runner builds it: its own folder is the context."""
    command = [DOCKER, "build", "--tag", IMAGE, "--file", str(ROOT / "tensorflow.Dockerfile"), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return IMAGE


def write_model(image: str, folder: Path) -> None:
    """A SavedModel by the image's own TensorFlow."""
    folder.mkdir()
    flags = ["--rm", "--network", "none", "--volume", f"{folder}:/models", "--env", "HOME=/tmp"]
    program = ["--entrypoint", "/opt/venv-tensorflow/bin/python", image, "-c", MODEL]
    made = subprocess.run([DOCKER, "run", *flags, *program], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


def test_action__of_tensorflow_exports_and_the_other_names_it(
    tensorflow_image: str, image: str, workspace: Path
) -> None:
    write_model(tensorflow_image, workspace / "models")
    run = run_action(tensorflow_image, workspace, model="models/saved", benchmark_seconds="1")
    assert run.status == 0, run.log
    report = json.loads((workspace / run.outputs["report-json"]).read_text())
    assert (run.outputs["verdict"], run.outputs["exporter"]) == ("pass", "tensorflow")
    assert "tensorflow" in {timing["runtime"] for timing in report["benchmark"]["timings"]}

    other = run_action(image, workspace, model="models/saved")
    assert other.status == 2, other.log
    assert "this installation has no TensorFlow, which the model needs" in other.log
    assert "uses: org/onnx-export-action/tensorflow@" in other.log
