"""Tiny random models, made on the spot: real architectures whose answers depend on every input.

Weights are drawn with a standard deviation of 1/sqrt(fan-in): with the usual initialisation of
0.02 the outputs barely move with the inputs, and every comparison passes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

VOCABULARY = 128
# A vision encoder of Qwen's, which merges the places of an image.
MERGES = {
    "hidden_size": 32,
    "num_heads": 4,
    "depth": 2,
    "intermediate_size": 64,
    "out_hidden_size": 32,
    "patch_size": 8,
}
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def made(class_name: str, config: Any, seed: int = 0) -> Any:
    """A model of the class with drawn weights, as it is used."""
    torch.manual_seed(seed)
    model = getattr(transformers, class_name)(config).eval().requires_grad_(False)
    draw(model)
    return model


def save(folder: Path, class_name: str, config: Any, tokenizer: bool = True, seed: int = 0) -> Path:
    """Save a model of the class with drawn weights, and a tokenizer, to the folder."""
    made(class_name, config, seed).save_pretrained(folder)
    if tokenizer:
        save_tokenizer(folder, config)
    return folder


def draw(model: torch.nn.Module) -> None:
    """Draw every parameter anew, by fan-in."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim < 2:
                parameter.add_(0.1 * torch.randn_like(parameter))
            elif "embed" in name:
                parameter.normal_(0, 0.5)
            else:
                parameter.normal_(0, 1 / math.sqrt(parameter[0].numel()))


def save_tokenizer(folder: Path, config: Any) -> None:
    """A word-level tokenizer over the tiny vocabulary."""
    words = {
        word: index for index, word in enumerate([*_SPECIAL, *(f"w{n}" for n in range(VOCABULARY - len(_SPECIAL)))])
    }
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", words["[CLS]"]), ("[SEP]", words["[SEP]"])],
    )
    names = ["input_ids", "attention_mask"]
    if getattr(config, "type_vocab_size", 0):
        names.insert(1, "token_type_ids")
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=names,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    fast.save_pretrained(folder)


def bert(folder: Path, class_name: str = "BertModel", **changes: Any) -> Path:
    """A BERT of two layers."""
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "vocab_size": VOCABULARY,
    }
    return save(folder, class_name, transformers.BertConfig(**{**sizes, "max_position_embeddings": 160, **changes}))


def bert_for_questions(folder: Path) -> Path:
    """A question-answering BERT: two outputs of one shape, so that exchanging them is a fault nobody sees by shape."""
    return bert(folder, "BertForQuestionAnswering")


def bert_huge(folder: Path) -> Path:
    """The same with answers of a million."""
    return _changed(bert_for_questions(folder), lambda model: model.qa_outputs.weight.mul_(1e6))


def bert_faint(folder: Path) -> Path:
    """The same with answers of a millionth."""
    return _changed(
        bert_for_questions(folder), lambda model: (model.qa_outputs.weight.mul_(1e-6), model.qa_outputs.bias.zero_())
    )


def bert_of_bf16(folder: Path) -> Path:
    """The same, trained in bfloat16."""
    return _changed(bert_for_questions(folder), lambda model: model.bfloat16())


def bert_of_fp16(folder: Path) -> Path:
    """The same, trained in half precision."""
    return _changed(bert_for_questions(folder), lambda model: model.half())


def bert_untrained(folder: Path) -> Path:
    """The same as training would find it, with weights of 0.02."""
    return _untrained(bert_for_questions(folder))


def llama_untrained(folder: Path) -> Path:
    """A Llama as training would find it."""
    return _untrained(llama(folder))


def vit_untrained(folder: Path) -> Path:
    """A ViT as training would find it."""
    return _untrained(vit(folder))


def _changed(folder: Path, change: Callable[[Any], Any]) -> Path:
    config = transformers.AutoConfig.from_pretrained(folder)
    model = getattr(transformers, config.architectures[0]).from_pretrained(folder).requires_grad_(False)
    change(model)
    model.save_pretrained(folder)
    return folder


def _untrained(folder: Path) -> Path:
    config = transformers.AutoConfig.from_pretrained(folder)
    torch.manual_seed(1)
    getattr(transformers, config.architectures[0])(config).save_pretrained(folder)
    return folder


def bert_for_masks(folder: Path) -> Path:
    """A BERT that fills masks."""
    return bert(folder, "BertForMaskedLM")


def bert_for_tokens(folder: Path) -> Path:
    """A BERT that labels tokens."""
    return bert(folder, "BertForTokenClassification")


def bert_for_pairs(folder: Path) -> Path:
    """A BERT that labels texts, or pairs of them."""
    return bert(folder, "BertForSequenceClassification")


def distilbert(folder: Path) -> Path:
    """A DistilBERT text classifier of two layers."""
    config = transformers.DistilBertConfig(
        dim=32, n_layers=2, n_heads=4, hidden_dim=64, vocab_size=VOCABULARY, max_position_embeddings=160
    )
    return save(folder, "DistilBertForSequenceClassification", config)


def llama(folder: Path) -> Path:
    """A Llama of two layers."""
    config = transformers.LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=VOCABULARY,
        max_position_embeddings=160,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    return save(folder, "LlamaForCausalLM", config)


def gpt2(folder: Path) -> Path:
    """A GPT-2 of two layers, which counts positions by a table."""
    config = transformers.GPT2Config(
        n_embd=32, n_layer=2, n_head=4, vocab_size=VOCABULARY, n_positions=160, bos_token_id=2, eos_token_id=3
    )
    return save(folder, "GPT2LMHeadModel", config)


def gemma3(folder: Path) -> Path:
    """A Gemma 3 of two layers, the first of which sees the last sixteen tokens alone."""
    config = transformers.Gemma3TextConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        query_pre_attn_scalar=8,
        vocab_size=VOCABULARY,
        max_position_embeddings=160,
        sliding_window=16,
        layer_types=["sliding_attention", "full_attention"],
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    return save(folder, "Gemma3ForCausalLM", config)


def lfm2(folder: Path) -> Path:
    """An LFM2, whose convolution keeps a state that is neither keys nor values."""
    config = transformers.Lfm2Config(
        hidden_size=32,
        intermediate_size=64,
        block_ff_dim=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=VOCABULARY,
        max_position_embeddings=160,
        layer_types=["conv", "full_attention"],
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    return save(folder, "Lfm2ForCausalLM", config)


def mamba(folder: Path) -> Path:
    """A Mamba, which has a state and no keys at all."""
    config = transformers.MambaConfig(hidden_size=32, state_size=8, num_hidden_layers=2, vocab_size=VOCABULARY)
    return save(folder, "MambaForCausalLM", config)


def vit(folder: Path) -> Path:
    """A ViT image classifier of two layers for images of 32 by 32."""
    config = transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        num_labels=3,
    )
    return save(folder, "ViTForImageClassification", config, tokenizer=False)


def resnet(folder: Path) -> Path:
    """A ResNet image classifier of two stages for images of 64 by 64."""
    sizes = {"embedding_size": 16, "hidden_sizes": [16, 24], "depths": [1, 1]}
    config = transformers.ResNetConfig(**sizes, layer_type="basic", num_labels=3)
    transformers.ViTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return save(folder, "ResNetForImageClassification", config, tokenizer=False)


def resnet_of_one_size(folder: Path) -> Path:
    """The same with code of its own, which takes any image and counts its rows in Python."""
    resnet(folder)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForImageClassification": "mine.Counting"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text(
        "from transformers import ResNetForImageClassification\n"
        "class Counting(ResNetForImageClassification):\n"
        "    def forward(self, pixel_values, **named):\n"
        "        return super().forward(pixel_values / (int(pixel_values.shape[2]) / 64), **named)\n"
    )
    return folder


def wav2vec2(folder: Path) -> Path:
    """A Wav2Vec2 of two layers that writes down speech."""
    config = transformers.Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        vocab_size=VOCABULARY,
        conv_dim=[32] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        pad_token_id=0,
    )
    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    return save(folder, "Wav2Vec2ForCTC", config)


def t5(folder: Path) -> Path:
    """A T5 of two layers."""
    config = transformers.T5Config(
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        vocab_size=VOCABULARY,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=3,
    )
    return save(folder, "T5ForConditionalGeneration", config)


def t5_classifier(folder: Path) -> Path:
    """A T5 that sorts texts."""
    config = transformers.AutoConfig.from_pretrained(t5(folder))
    return save(folder, "T5ForSequenceClassification", config)


def _sequences() -> dict[str, Any]:
    return {
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 160,
        "decoder_start_token_id": 2,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "forced_eos_token_id": None,
    }


def bart(folder: Path) -> Path:
    """A BART of two layers a side, which learns its positions."""
    return save(folder, "BartForConditionalGeneration", transformers.BartConfig(**_sequences()))


def marian(folder: Path) -> Path:
    """A Marian of two layers a side, whose positions are sines."""
    return save(folder, "MarianMTModel", transformers.MarianConfig(**_sequences()))


def whisper(folder: Path) -> Path:
    """A Whisper of one layer a side, which TorchScript cannot export."""
    config = transformers.WhisperConfig(
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        vocab_size=VOCABULARY,
        num_mel_bins=16,
        max_source_positions=50,
        max_target_positions=160,
        decoder_start_token_id=2,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        begin_suppress_tokens=None,
        suppress_tokens=None,
    )
    transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=1).save_pretrained(folder)
    return save(folder, "WhisperForConditionalGeneration", config)


def captioner(folder: Path) -> Path:
    """A ViT that sees and a GPT-2 that says what: an encoder and a decoder of two families."""
    seen = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32, patch_size=8
    )
    said = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=VOCABULARY, n_positions=160)
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        seen, said, decoder_start_token_id=2, pad_token_id=0, bos_token_id=2, eos_token_id=3
    )
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return save(folder, "VisionEncoderDecoderModel", config)
