"""The names that travel with a model, and those that never do."""

from __future__ import annotations

import pytest

from onnx_export_action.sources.companions import is_companion


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "tokenizer.model",
        "vocab.txt",
        "vocab.json",
        "merges.txt",
        "spiece.model",
        "sentencepiece.bpe.model",
        "source.spm",
        "special_tokens_map.json",
        "added_tokens.json",
        "preprocessor_config.json",
        "video_preprocessor_config.json",
        "processor_config.json",
        "chat_template.jinja",
        "chat_template.json",
        "modules.json",
        "sentence_bert_config.json",
    ],
)
def test_is_companion__belongs_to_the_model(name: str) -> None:
    assert is_companion(name)


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "pytorch_model.bin",
        "tokenizer.py",
        "tokenizer.pkl",
        "vocab.bin",
        "modeling_x.py",
        "README.md",
        ".gitattributes",
        "adapter_config.json",
        "model.safetensors.index.json",
        ".env",
        "id_rsa",
        "manifest.json",
        "report.json",
    ],
)
def test_is_companion__does_not(name: str) -> None:
    assert not is_companion(name)
