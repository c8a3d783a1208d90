"""How a checkpoint's class names its task."""

from __future__ import annotations

import subprocess
import sys

import pytest

from onnx_export_action import tasks

CLASSES = [
    ("BertModel", "bert", ("feature-extraction",)),
    ("ViTModel", "vit", ("feature-extraction",)),
    ("BertForMaskedLM", "bert", ("fill-mask",)),
    ("DistilBertForSequenceClassification", "distilbert", ("text-classification",)),
    ("RobertaForTokenClassification", "roberta", ("token-classification",)),
    ("BertForQuestionAnswering", "bert", ("question-answering",)),
    ("BertForMultipleChoice", "bert", ("multiple-choice",)),
    ("LlamaForCausalLM", "llama", ("text-generation",)),
    ("GPT2LMHeadModel", "gpt2", ("text-generation",)),
    ("OpenAIGPTLMHeadModel", "openai-gpt", ("text-generation",)),
    ("MarianMTModel", "marian", ("text2text-generation",)),
    ("T5ForConditionalGeneration", "t5", ("text2text-generation",)),
    ("BartForConditionalGeneration", "bart", ("text2text-generation",)),
    ("WhisperForConditionalGeneration", "whisper", ("automatic-speech-recognition",)),
    ("BlipForConditionalGeneration", "blip", ("image-to-text",)),
    ("Wav2Vec2ForCTC", "wav2vec2", ("automatic-speech-recognition",)),
    ("Wav2Vec2ForXVector", "wav2vec2", ("audio-xvector",)),
    ("Wav2Vec2ForAudioFrameClassification", "wav2vec2", ("audio-frame-classification",)),
    ("ViTForImageClassification", "vit", ("image-classification",)),
    ("DeiTForImageClassificationWithTeacher", "deit", ("image-classification",)),
    ("ViTForMaskedImageModeling", "vit", ("masked-im",)),
    ("DetrForObjectDetection", "detr", ("object-detection",)),
    ("SegformerForSemanticSegmentation", "segformer", ("semantic-segmentation",)),
    ("DPTForDepthEstimation", "dpt", ("depth-estimation",)),
]


@pytest.mark.parametrize(("class_name", "model_type", "expected"), CLASSES, ids=lambda value: str(value))
def test_tasks_of_class__certain(class_name: str, model_type: str, expected: tuple[str, ...]) -> None:
    assert tasks.tasks_of_class(class_name, model_type) == expected


@pytest.mark.parametrize(
    ("class_name", "model_type", "expected"),
    [
        ("CLIPModel", "clip", ("zero-shot-image-classification", "feature-extraction")),
        (
            "NewForConditionalGeneration",
            "new",
            ("text2text-generation", "image-to-text", "automatic-speech-recognition"),
        ),
    ],
)
def test_tasks_of_class__several(class_name: str, model_type: str, expected: tuple[str, ...]) -> None:
    assert tasks.tasks_of_class(class_name, model_type) == expected


@pytest.mark.parametrize("class_name", ["BertForPreTraining", "", "Something", "model"])
def test_tasks_of_class__none(class_name: str) -> None:
    assert tasks.tasks_of_class(class_name, "bert") == ()


def test_synonyms__lead_to_known_tasks() -> None:
    assert set(tasks.SYNONYMS.values()) <= set(tasks.AUTO_CLASSES)
    assert not set(tasks.SYNONYMS) & set(tasks.AUTO_CLASSES)


@pytest.mark.parametrize(
    ("task", "expected"), [("ner", "token-classification"), ("fill-mask", "fill-mask"), ("x", "x")]
)
def test_canonical__resolves_synonyms_alone(task: str, expected: str) -> None:
    assert tasks.canonical(task) == expected


def test_known_tasks__are_sorted_and_without_synonyms() -> None:
    assert list(tasks.known_tasks()) == sorted(tasks.AUTO_CLASSES)


def test_tasks__imports_nothing_but_the_standard_library() -> None:
    code = "import sys; before = set(sys.modules); import onnx_export_action.tasks; print(set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "onnx_export_action.tasks" in done.stdout
    assert not any(f"'{name}'" in done.stdout for name in ("pydantic", "numpy", "torch", "onnx_export_action.settings"))
