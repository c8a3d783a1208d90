"""What models see, hear and read beside a text: a form that they answer is found by their names and by asking them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.workers.protocol import Refusal
from tests.integration import tiny

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
SEES = {**SMALL, "image_size": 32, "patch_size": 8}
READS = {**SMALL, "num_key_value_heads": 2, "vocab_size": tiny.VOCABULARY, "max_position_embeddings": 160}
ROTATES = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
TOKEN = 7


def llava() -> Any:
    text, vision = transformers.LlamaConfig(**READS), transformers.CLIPVisionConfig(**SEES)
    return transformers.LlavaConfig(vision_config=vision, text_config=text, image_token_index=TOKEN)


def qwen() -> Any:
    text = {**READS, "rope_parameters": ROTATES}
    vision = {**tiny.MERGES, "window_size": 32, "fullatt_block_indexes": [1]}
    return transformers.Qwen2_5_VLConfig(vision_config=vision, text_config=text, image_token_id=TOKEN)


def pix2struct() -> Any:
    sizes = {
        "hidden_size": 32,
        "d_kv": 8,
        "d_ff": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "patch_size": 8,
    }
    text = {**{key: sizes[key] for key in ("hidden_size", "d_kv", "d_ff")}, "num_layers": 2, "num_heads": 4}
    text = {**text, "vocab_size": tiny.VOCABULARY}
    return transformers.Pix2StructConfig(vision_config={**sizes, "patch_embed_hidden_size": 192}, text_config=text)


def patchtst() -> Any:
    return transformers.PatchTSTConfig(
        num_input_channels=2, context_length=32, patch_length=8, patch_stride=8, d_model=32
    )


def lxmert() -> Any:
    layers = {"l_layers": 1, "x_layers": 1, "r_layers": 1, "visual_feat_dim": 16}
    return transformers.LxmertConfig(**SMALL, **layers, vocab_size=tiny.VOCABULARY)


def timesformer() -> Any:
    return transformers.TimesformerConfig(**SEES, num_frames=3)


def spectrogram() -> Any:
    return transformers.ASTConfig(**SMALL, max_length=64, num_mel_bins=16)


def codec() -> Any:
    return transformers.EncodecConfig(num_filters=8, hidden_size=16, codebook_dim=16, audio_channels=1)


def blind() -> Any:
    """Of a class that may see, and hears nothing and sees nothing."""
    text = {**READS, "head_dim": 8, "embedding_dim": 32, "hidden_size_per_layer_input": 32, "sliding_window": 16}
    text |= {"layer_types": ["sliding_attention", "full_attention"]}
    return transformers.EmbeddingGemma2Config(text_config=text, vision_config=None, audio_config=None)


def siglip() -> Any:
    vision = {**SMALL, "patch_size": 8, "num_patches": 36}
    return transformers.Siglip2Config(vision_config=vision, text_config={**SMALL, "vocab_size": tiny.VOCABULARY})


FORMS: list[tuple[str, Any, str, dict[str, tuple[int, ...]]]] = [
    (
        "LlavaForConditionalGeneration",
        llava,
        "image-to-text",
        {"input_ids": (2, 25), "pixel_values": (2, 3, 32, 32), "attention_mask": (2, 25)},
    ),
    (
        "Qwen2_5_VLForConditionalGeneration",
        qwen,
        "image-to-text",
        {
            "input_ids": (2, 13),
            "attention_mask": (2, 13),
            "position_ids": (3, 2, 13),
            "pixel_values": (32, 384),
            "image_grid_thw": (2, 3),
        },
    ),
    (
        "Pix2StructForConditionalGeneration",
        pix2struct,
        "image-to-text",
        {"flattened_patches": (2, 36, 194), "attention_mask": (2, 36), "decoder_input_ids": (2, 9)},
    ),
    ("PatchTSTModel", patchtst, "feature-extraction", {"past_values": (2, 32, 2)}),
    (
        "LxmertModel",
        lxmert,
        "feature-extraction",
        {"input_ids": (2, 9), "visual_feats": (2, 10, 16), "visual_pos": (2, 10, 4), "attention_mask": (2, 9)},
    ),
    ("TimesformerModel", timesformer, "feature-extraction", {"pixel_values": (2, 3, 3, 32, 32)}),
    ("ASTModel", spectrogram, "feature-extraction", {"input_values": (2, 64, 16)}),
    ("EmbeddingGemma2Model", blind, "feature-extraction", {"input_ids": (2, 9), "attention_mask": (2, 9)}),
    ("EncodecModel", codec, "feature-extraction", {"input_values": (2, 1, 16_000)}),
]


def inputs_of(class_name: str, config: Any, task: str, folder: Path) -> tuple[Any, Inputs]:
    model = tiny.made(class_name, config)
    return model, Inputs(model, task, folder, None)


@pytest.mark.parametrize(("class_name", "config", "task", "shapes"), FORMS, ids=[row[0] for row in FORMS])
def test_make__gives_what_the_model_answers(
    tmp_path: Path, class_name: str, config: Any, task: str, shapes: dict[str, tuple[int, ...]]
) -> None:
    model, inputs = inputs_of(class_name, config(), task, tmp_path)
    made = inputs.make(Case(2, 9, "right"), 1)
    found = {name: tuple(value.shape) for name, value in made.items()}
    assert {name: found[name] for name in shapes} == shapes
    assert set(found) == set(inputs.names) == set(inputs.axes)
    assert set(found) - set(shapes) <= {"token_type_ids"}
    assert NamedModule(model, inputs.names).answer(made)


def test_make__a_text_has_as_many_image_tokens_as_its_image_has_features(tmp_path: Path) -> None:
    _, inputs = inputs_of("LlavaForConditionalGeneration", llava(), "image-to-text", tmp_path)
    right, left = (inputs.make(Case(3, 9, padding), 1) for padding in ("right", "left"))
    for made in (right, left):
        assert ((made["input_ids"] == TOKEN).sum(1) == 16).all()
        assert (made["attention_mask"][made["input_ids"] == TOKEN] == 1).all()
        assert (made["input_ids"][made["attention_mask"] == 0] == 0).all()
    assert (right["input_ids"][:, 0] != TOKEN).all()
    assert (left["attention_mask"][1:, 0] == 0).all()
    assert inputs.longest == 160 - 16


def test_make__a_larger_image_has_more_of_them(tmp_path: Path) -> None:
    _, inputs = inputs_of("Qwen2_5_VLForConditionalGeneration", qwen(), "image-to-text", tmp_path)
    made = inputs.make(Case(1, 9, wide=2.0), 1)
    assert made["image_grid_thw"].tolist() == [[1, 4, 8]]
    assert (made["input_ids"] == TOKEN).sum() == 8
    assert made["position_ids"].shape == (3, 1, 17)


def test_make__tokens_that_go_with_every_image_are_in_every_text(tmp_path: Path) -> None:
    config = llava()
    config.visual_indicator_token_ids = [8, 9]
    _, inputs = inputs_of("LlavaForConditionalGeneration", config, "image-to-text", tmp_path)
    made = inputs.make(Case(3, 9, "left"), 1)
    assert made["input_ids"].shape == (3, 9 + 16 + 2)
    for ids, mask in zip(made["input_ids"], made["attention_mask"], strict=True):
        start = int(mask.argmax())
        assert ids[start + 1 : start + 3].tolist() == [8, 9]
        assert (ids == TOKEN).sum() == 16
    assert inputs.longest == 160 - 16 - 2


def test_inputs__a_text_alone_for_the_task_of_text_alone(tmp_path: Path) -> None:
    _, inputs = inputs_of("LlavaForConditionalGeneration", llava(), "text-generation", tmp_path)
    assert inputs.names == ("input_ids", "attention_mask")
    assert not inputs.sees


def test_fix__one_image_of_one_size_whose_sizes_are_constants(tmp_path: Path) -> None:
    model, inputs = inputs_of("Qwen2_5_VLForConditionalGeneration", qwen(), "image-to-text", tmp_path)
    constants = inputs.fix()
    assert constants["image_grid_thw"].tolist() == [[1, 4, 4]]
    assert "image_grid_thw" not in inputs.names
    assert inputs.axes["pixel_values"] == {}
    assert inputs.axes["input_ids"] == {1: "sequence_length"}
    made = inputs.make(Case(1, 9), 1)
    assert tuple(made) == inputs.names
    assert NamedModule(model, inputs.names, constants=constants).answer(made)


def test_inputs__what_no_form_fits_is_refused_with_the_models_own_words(tmp_path: Path) -> None:
    class Model(transformers.ViTModel):
        def forward(self, pixel_values: torch.Tensor) -> None:
            raise ValueError(f"the weather is missing at {pixel_values.shape[0]}")

    with pytest.raises(Refusal) as caught:
        Inputs(Model(transformers.ViTConfig(**SEES)), "feature-extraction", tmp_path, None)
    assert "the weather is missing at 2" in caught.value.cause
    assert "example_inputs" in caught.value.hint
    assert caught.value.kind == "usage"
