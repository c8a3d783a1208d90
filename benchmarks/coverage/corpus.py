"""The corpus: one tiny random model for each pair of architecture and task, made from its configuration.

Weights are drawn by `tests/integration/tiny.py`: with the usual initialisation the answers barely depend on the inputs,
and every comparison passes.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "integration"))
import tiny

V = tiny.VOCABULARY
TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": V,
    "max_position_embeddings": 160,
}
DECODER = {**TEXT, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
ROBERTA = {**TEXT, "max_position_embeddings": 162, "type_vocab_size": 1, "pad_token_id": 1}
VISION = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
}
SPEECH = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": V,
    "conv_dim": [32] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "pad_token_id": 0,
}
SEQUENCE = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "vocab_size": V,
    "max_position_embeddings": 160,
    "decoder_start_token_id": 2,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "forced_eos_token_id": None,
}
IMAGES = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
SOUND = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "sampling_rate": 16_000,
    "return_attention_mask": True,
    "do_normalize": True,
    "padding_value": 0.0,
}
SPECTRUM = {
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": 16,
    "chunk_length": 1,
    "nb_max_frames": 100,
    "n_samples": 16_000,
    "hop_length": 160,
    "n_fft": 400,
    "sampling_rate": 16_000,
}
CLASSES = {
    "feature-extraction": "AutoModel",
    "fill-mask": "AutoModelForMaskedLM",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "text-generation": "AutoModelForCausalLM",
    "text2text-generation": "AutoModelForSeq2SeqLM",
    "image-classification": "AutoModelForImageClassification",
    "semantic-segmentation": "AutoModelForSemanticSegmentation",
    "audio-classification": "AutoModelForAudioClassification",
    "zero-shot-image-classification": "AutoModelForZeroShotImageClassification",
    "image-to-text": "AutoModelForImageTextToText",
}


@dataclass(frozen=True)
class Pair:
    """One architecture and one task, with the configuration that makes it tiny."""

    model_type: str
    task: str
    config: dict[str, Any]
    model_class: str = ""
    tokenizer: bool = True
    processor: dict[str, Any] | None = None
    tokenizer_as: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder's name."""
        return f"{self.model_type}--{self.task}"

    def build(self, folder: Path) -> None:
        """Save the model with its tokenizer or processor."""
        if (folder / "config.json").exists():
            return
        config = transformers.CONFIG_MAPPING[self.model_type](**self.config)
        name = self.model_class or CLASSES[self.task.removesuffix("-with-past")]
        torch.manual_seed(0)
        model = getattr(transformers, name)
        made = model.from_config(config) if name.startswith("Auto") else model(config)
        tiny.draw(made.eval())
        if self.tokenizer:
            tiny.save_tokenizer(folder, getattr(config, "text_config", config))
        if self.processor:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "preprocessor_config.json").write_text(json.dumps(self.processor))
        made.save_pretrained(folder)


def _encoders() -> list[Pair]:
    deberta = {**TEXT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16}
    deberta |= {"norm_rel_ebd": "layer_norm", "share_att_key": True, "type_vocab_size": 0}
    distil = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "vocab_size": V, "max_position_embeddings": 160}
    modern = {**TEXT, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    modern |= {"local_attention": 16}
    return [
        *(Pair("bert", task, TEXT) for task in ("feature-extraction", "fill-mask", "text-classification")),
        Pair("bert", "question-answering", TEXT),
        Pair("distilbert", "text-classification", distil),
        Pair("roberta", "text-classification", ROBERTA),
        Pair("roberta", "token-classification", ROBERTA),
        Pair("xlm-roberta", "token-classification", ROBERTA),
        Pair("albert", "fill-mask", {**TEXT, "embedding_size": 16}),
        Pair("deberta-v2", "text-classification", deberta),
        Pair("mpnet", "feature-extraction", {**TEXT, "max_position_embeddings": 162}),
        Pair("modernbert", "fill-mask", modern),
        Pair("modernbert", "text-classification", modern),
        Pair("eurobert", "fill-mask", DECODER),
    ]


def _decoders() -> list[Pair]:
    gpt2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 160, "vocab_size": V}
    gpt2 |= {"bos_token_id": 2, "eos_token_id": 3}
    opt = {**TEXT, "ffn_dim": 64, "word_embed_proj_dim": 32, "pad_token_id": 1, "bos_token_id": 2, "eos_token_id": 3}
    bloom = {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": V, "bos_token_id": 2, "eos_token_id": 3}
    gemma = {**DECODER, "head_dim": 8, "sliding_window": 16}
    moe = {**DECODER, "head_dim": 8, "moe_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2}
    lfm2 = {**DECODER, "block_ff_dim": 64, "layer_types": ["conv", "full_attention"]}
    plain = {
        "gpt2": gpt2,
        "gpt_neox": {**TEXT, "bos_token_id": 2, "eos_token_id": 3},
        "opt": opt,
        **dict.fromkeys(("llama", "mistral", "qwen2", "olmo2"), DECODER),
        "qwen3": {**DECODER, "head_dim": 8},
        "gemma": {**DECODER, "head_dim": 8},
        "gemma2": {**gemma, "query_pre_attn_scalar": 8},
        "gemma3_text": {**gemma, "query_pre_attn_scalar": 8},
        "phi": {**DECODER, "num_key_value_heads": 4},
        "phi3": {**DECODER, "num_key_value_heads": 4},
        "bloom": bloom,
        "qwen3_moe": moe,
        "lfm2": lfm2,
        "ministral3": {**DECODER, "head_dim": 8},
    }
    with_past = ("gpt2", "llama", "gemma3_text")
    return [
        *(Pair(kind, "text-generation", config) for kind, config in plain.items()),
        *(Pair(kind, "text-generation-with-past", plain[kind]) for kind in with_past),
    ]


def _sequences() -> list[Pair]:
    t5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "vocab_size": V}
    t5 |= {"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 3}
    whisper = {key: value for key, value in SEQUENCE.items() if key not in ("max_position_embeddings",)}
    whisper |= {"num_mel_bins": 16, "max_source_positions": 50, "max_target_positions": 60}
    whisper |= {"begin_suppress_tokens": None, "suppress_tokens": None}
    recognition = "automatic-speech-recognition"
    return [
        Pair("t5", "text2text-generation", t5),
        Pair("bart", "text2text-generation", SEQUENCE),
        Pair("marian", "text2text-generation", {**SEQUENCE, "decoder_vocab_size": V}),
        Pair("whisper", recognition, whisper, "WhisperForConditionalGeneration", processor=SPECTRUM),
        Pair("wav2vec2", recognition, SPEECH, "AutoModelForCTC", processor=SOUND),
        Pair("wav2vec2", "audio-classification", {**SPEECH, "num_labels": 3}, tokenizer=False, processor=SOUND),
    ]


def _images() -> list[Pair]:
    convnext = {"hidden_sizes": [16, 24], "depths": [1, 1], "num_stages": 2, "image_size": 32, "patch_size": 4}
    resnet = {"embedding_size": 16, "hidden_sizes": [16, 24], "depths": [1, 1], "layer_type": "basic", "num_labels": 3}
    mobile = {"image_size": 32, "depth_multiplier": 0.35, "num_labels": 3}
    segformer = {"num_encoder_blocks": 4, "depths": [1] * 4, "hidden_sizes": [16, 16, 32, 32], "num_labels": 3}
    segformer |= {"num_attention_heads": [1, 2, 2, 4], "decoder_hidden_size": 32}
    text = {**TEXT, "max_position_embeddings": 77, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    clip = {"text_config": {**text, "projection_dim": 32}, "vision_config": VISION, "projection_dim": 32}
    blip_text = {**TEXT, "encoder_hidden_size": 32, "projection_dim": 32, "bos_token_id": 2, "pad_token_id": 0}
    blip = {"text_config": blip_text, "vision_config": VISION, "projection_dim": 32, "image_text_hidden_size": 32}
    large = {**IMAGES, "size": {"height": 64, "width": 64}}
    classified = {**VISION, "num_labels": 3}
    label, shown = "image-classification", {"tokenizer": False, "processor": IMAGES}
    return [
        Pair("vit", label, classified, **shown),
        Pair("deit", label, classified, "DeiTForImageClassification", **shown),
        Pair("convnext", label, {**convnext, "num_labels": 3}, **shown),
        Pair("resnet", label, resnet, tokenizer=False, processor=large),
        Pair("mobilenet_v2", label, mobile, tokenizer=False, processor=large),
        Pair("dinov2", "feature-extraction", {**VISION, "mlp_ratio": 2}, **shown),
        Pair("dinov3_vit", "feature-extraction", VISION, **shown),
        Pair("segformer", "semantic-segmentation", segformer, tokenizer=False, processor=large),
        Pair("clip", "zero-shot-image-classification", clip, processor=IMAGES),
        Pair("blip", "image-to-text", blip, "BlipForConditionalGeneration", processor=IMAGES),
    ]


PAIRS = (*_encoders(), *_decoders(), *_sequences(), *_images())
