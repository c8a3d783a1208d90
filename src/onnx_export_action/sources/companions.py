"""The small files that a model needs beside its weights: tokenizer, processor, configuration; never code."""

from __future__ import annotations

from fnmatch import fnmatchcase

_PATTERNS = (
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "vocab*",
    "merges*",
    "*.spm",
    "*.tiktoken",
    "spiece.model",
    "sentencepiece*",
    "source.spm",
    "target.spm",
    "bpe.codes",
    "dict.txt",
    "normalizer.json",
    "emoji*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "*preprocessor_config.json",
    "processor_config.json",
    "feature_extractor_config.json",
    "chat_template*",
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_*_config.json",
)

_NEVER = (".py", ".pyc", ".pkl", ".so", ".bin", ".safetensors", ".h5", ".msgpack", ".onnx")


def is_companion(name: str) -> bool:
    """Whether a file of the model's folder belongs beside its weights and beside its ONNX file."""
    return not name.endswith(_NEVER) and any(fnmatchcase(name, pattern) for pattern in _PATTERNS)
