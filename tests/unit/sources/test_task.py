"""The task that a configuration makes certain, by the class's name and by what transformers loads."""

from __future__ import annotations

import pytest

from onnx_export_action.errors import UsageError
from onnx_export_action.sources import task


@pytest.mark.parametrize(
    ("architecture", "model_type", "expected"),
    [
        ("BertModel", "bert", "feature-extraction"),
        ("BertForMaskedLM", "bert", "fill-mask"),
        ("BertLMHeadModel", "bert", "text-generation"),
        ("XLNetLMHeadModel", "xlnet", "text-generation"),
        ("BartForConditionalGeneration", "bart", "text2text-generation"),
        ("BartForSequenceClassification", "bart", "text-classification"),
        ("Wav2Vec2ForSequenceClassification", "wav2vec2", "audio-classification"),
        ("WhisperForAudioClassification", "whisper", "audio-classification"),
        ("ASTForAudioClassification", "audio-spectrogram-transformer", "audio-classification"),
        ("SpeechEncoderDecoderModel", "speech-encoder-decoder", "automatic-speech-recognition"),
        ("VisionEncoderDecoderModel", "vision-encoder-decoder", "image-to-text"),
        ("BeitForSemanticSegmentation", "beit", "semantic-segmentation"),
        ("Swin2SRForImageSuperResolution", "swin2sr", "image-to-image"),
        ("Llama4ForConditionalGeneration", "llama4", "image-to-text"),
        ("ParakeetForCTC", "parakeet_ctc", "automatic-speech-recognition"),
        ("NezhaForMaskedLM", "nezha", "fill-mask"),
        ("OwnForTokenClassification", "own", "token-classification"),
    ],
)
def test_choose__certain(architecture: str, model_type: str, expected: str) -> None:
    assert task.choose("auto", {"model_type": model_type, "architectures": [architecture]}) == expected


@pytest.mark.parametrize(
    ("architecture", "model_type", "offered"),
    [
        ("CLIPModel", "clip", {"zero-shot-image-classification", "feature-extraction"}),
        ("AltCLIPModel", "altclip", {"zero-shot-image-classification", "feature-extraction"}),
        ("XLMWithLMHeadModel", "xlm", {"fill-mask", "text-generation"}),
        (
            "OwnForConditionalGeneration",
            "own",
            {"text2text-generation", "image-to-text", "automatic-speech-recognition"},
        ),
    ],
)
def test_choose__ambiguous_lists_the_tasks_that_fit(architecture: str, model_type: str, offered: set[str]) -> None:
    with pytest.raises(UsageError, match=f"ambiguous: {architecture} serves {len(offered)} tasks") as caught:
        task.choose("auto", {"model_type": model_type, "architectures": [architecture]})
    assert set(caught.value.remedy.removeprefix("Set `task` to one of: ").rstrip(".").split(", ")) == offered


def test_choose__unknown_to_all_lists_every_task() -> None:
    with pytest.raises(UsageError) as caught:
        task.choose("auto", {"model_type": "own", "architectures": ["Something"]})
    assert "audio-classification" in caught.value.remedy
    assert "zero-shot-image-classification" in caught.value.remedy


def test_choose__given_is_taken() -> None:
    assert task.choose("fill-mask", {"model_type": "own", "architectures": ["Something"]}) == "fill-mask"
