"""The bundle is a folder that `optimum.onnxruntime` loads by itself, and answers as the model does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_export_action.workers import interpreters
from tests.integration.program import Outcome

BUNDLES = [
    ("distilbert", "text-classification", "ORTModelForSequenceClassification", "AutoModelForSequenceClassification"),
    ("llama", "text-generation-with-past", "ORTModelForCausalLM", "AutoModelForCausalLM"),
    ("gpt2", "text-generation-with-past", "ORTModelForCausalLM", "AutoModelForCausalLM"),
    ("t5", "text2text-generation-with-past", "ORTModelForSeq2SeqLM", "AutoModelForSeq2SeqLM"),
    ("whisper", "automatic-speech-recognition-with-past", "ORTModelForSpeechSeq2Seq", "AutoModelForSpeechSeq2Seq"),
    ("captioner", "image-to-text-with-past", "ORTModelForVision2Seq", "AutoModelForVision2Seq"),
]


def test_bundle__with_both_decoders_in_one_file(
    exported: Callable[..., Outcome], models: Callable[[str], Path], tmp_path: Path
) -> None:
    outcome = exported("t5", task="text2text-generation-with-past", merged_decoder="true")
    assert outcome.status == 0, outcome.log
    lean = Path(shutil.copytree(outcome.folder, tmp_path / "lean"))
    for name in ("decoder_model.onnx", "decoder_with_past_model.onnx"):
        (lean / name).unlink()
    said = answers("ORTModelForSeq2SeqLM", "AutoModelForSeq2SeqLM", lean, models("t5"))
    assert said["merged"] is True
    assert said["bundle"] == said["model"]


@pytest.mark.parametrize(("name", "task", "ort_class", "torch_class"), BUNDLES, ids=[row[0] for row in BUNDLES])
def test_bundle__is_loaded_and_answers_as_the_model(
    exported: Callable[..., Outcome],
    models: Callable[[str], Path],
    name: str,
    task: str,
    ort_class: str,
    torch_class: str,
) -> None:
    outcome = exported(name, task=task)
    assert outcome.status == 0, outcome.log
    said = answers(ort_class, torch_class, outcome.folder, models(name))
    assert said["merged"] is False
    assert np.shape(said["model"])[0] == 2
    np.testing.assert_allclose(said["bundle"], said["model"], rtol=1e-4, atol=1e-5)


def answers(ort_class: str, torch_class: str, bundle: Path, model: Path) -> dict[str, Any]:
    """What bundle and model answer in the optimum interpreter."""
    script = Path(__file__).with_name("load_bundle.py")
    command = [str(interpreters.optimum()), str(script), ort_class, torch_class]
    run = subprocess.run(
        [*command, str(bundle), str(model)],
        env={"PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return said
