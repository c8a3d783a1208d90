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

from onnx_export_action.tasks import DECODER, MERGED, STEP
from onnx_export_action.workers import interpreters
from tests.integration.program import Outcome

TEXTS, SPEECH, IMAGES = (
    f"{task}-with-past" for task in ("text2text-generation", "automatic-speech-recognition", "image-to-text")
)
BUNDLES = [
    ("distilbert", "text-classification", "ORTModelForSequenceClassification", "AutoModelForSequenceClassification"),
    ("llama", "text-generation-with-past", "ORTModelForCausalLM", "AutoModelForCausalLM"),
    ("gpt2", "text-generation-with-past", "ORTModelForCausalLM", "AutoModelForCausalLM"),
]
OF_TWO_DECODERS = [
    ("t5", TEXTS, "ORTModelForSeq2SeqLM", "AutoModelForSeq2SeqLM"),
    ("bart", TEXTS, "ORTModelForSeq2SeqLM", "AutoModelForSeq2SeqLM"),
    ("marian", TEXTS, "ORTModelForSeq2SeqLM", "AutoModelForSeq2SeqLM"),
    ("whisper", SPEECH, "ORTModelForSpeechSeq2Seq", "AutoModelForSpeechSeq2Seq"),
    ("captioner", IMAGES, "ORTModelForVision2Seq", "AutoModelForVision2Seq"),
]


@pytest.mark.parametrize(
    ("name", "task", "ort_class", "torch_class"), OF_TWO_DECODERS, ids=[row[0] for row in OF_TWO_DECODERS]
)
def test_bundle__with_both_decoders_in_one_file_and_in_two(
    exported: Callable[..., Outcome],
    models: Callable[[str], Path],
    tmp_path: Path,
    name: str,
    task: str,
    ort_class: str,
    torch_class: str,
) -> None:
    outcome = exported(name, task=task, merged_decoder="true")
    assert outcome.status == 0, outcome.log
    one = _without(outcome.folder, tmp_path / "one", DECODER, STEP)
    two = _without(outcome.folder, tmp_path / "two", MERGED)
    said = answers(ort_class, torch_class, models(name), one, two)
    assert said["merged"] == [True, False]
    assert np.shape(said["model"])[0] == 2
    assert said["bundles"] == [said["model"], said["model"]]


def _without(bundle: Path, folder: Path, *names: str) -> Path:
    return Path(shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns(*(f"{name}.onnx" for name in names))))


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
    said = answers(ort_class, torch_class, models(name), outcome.folder)
    assert np.shape(said["model"])[0] == 2
    np.testing.assert_allclose(said["bundles"][0], said["model"], rtol=1e-4, atol=1e-5)


def answers(ort_class: str, torch_class: str, model: Path, *bundles: Path) -> dict[str, Any]:
    """What bundles and model answer in the optimum interpreter."""
    script = Path(__file__).with_name("load_bundle.py")
    command = [str(interpreters.optimum()), str(script), ort_class, torch_class]
    run = subprocess.run(
        [*command, str(model), *map(str, bundles)],
        env={"PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return said
