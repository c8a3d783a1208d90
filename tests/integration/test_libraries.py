"""The bundle is a folder that `optimum.onnxruntime` loads by itself, and answers as the model does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

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
    script = Path(__file__).with_name("load_bundle.py")
    command = [str(interpreters.optimum()), str(script), ort_class, torch_class]
    run = subprocess.run(
        [*command, str(outcome.folder), str(models(name))],
        env={"PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout.splitlines()[-1])
    assert np.shape(said["model"])[0] == 2
    np.testing.assert_allclose(said["bundle"], said["model"], rtol=1e-4, atol=1e-5)
