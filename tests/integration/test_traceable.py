"""What replaces loops while a model is exported gives what the library's own functions give."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from transformers import vision_utils
from transformers.models.fastspeech2_conformer.modeling_fastspeech2_conformer import length_regulator

from onnx_export_action.exporters.traceable import grids, traceable
from onnx_export_action.exporters.traceable.durations import regulated
from tests.integration import tiny

GRIDS = [
    [[1, 4, 4]],
    [[1, 4, 6], [1, 8, 4]],
    [[3, 4, 4], [1, 12, 8], [2, 6, 10]],
    [[1, 2, 2], [1, 2, 4], [1, 16, 18]],
]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("temporal", [False, True])
@pytest.mark.parametrize("merge", [1, 2])
def test_position_ids__are_those_of_the_loop(grid: list[list[int]], temporal: bool, merge: int) -> None:
    sizes = torch.tensor(grid)
    wanted = vision_utils.get_vision_position_ids(sizes, merge, include_temporal=temporal)
    assert torch.equal(grids.position_ids(sizes, merge, include_temporal=temporal), wanted)


def test_position_ids__each_image_merged_by_its_own_number() -> None:
    sizes, merges = torch.tensor([[1, 4, 4], [2, 6, 3], [1, 8, 4]]), torch.tensor([2, 3, 1])
    assert torch.equal(grids.position_ids(sizes, merges), vision_utils.get_vision_position_ids(sizes, merges))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("window", [32, 48, 64])
def test_window_index__is_that_of_the_loop(grid: list[list[int]], window: int) -> None:
    sizes = torch.tensor(grid)
    wanted = vision_utils.get_vision_window_index(sizes, 2, window, 8)
    found = grids.window_index(sizes, 2, window, 8)
    assert torch.equal(found[0], wanted[0])
    assert found[1].tolist() == wanted[1].tolist()


def test_grids__what_was_counted_before_is_taken() -> None:
    known: dict[str, Any] = {
        "position_ids": torch.zeros(1),
        "window_index": torch.ones(1),
        "cu_window_seqlens": torch.ones(2),
    }
    assert grids.position_ids(torch.tensor([[1, 2, 2]]), 2, kwargs=known) is not None
    assert len(grids.window_index(torch.tensor([[1, 2, 2]]), 2, 32, 8, kwargs=known)[1]) == 2
    assert not known


def qwen(**changes: Any) -> Any:
    """The vision encoder of Qwen 2.5 VL: windows in all layers but one, several images in one row."""
    config = transformers.Qwen2_5_VLConfig(
        vision_config={**tiny.MERGES, "window_size": 32, "fullatt_block_indexes": [1], **changes}
    )
    model = transformers.AutoModel.from_config(config.vision_config).eval()
    tiny.draw(model)
    return model


@pytest.mark.parametrize("grid", GRIDS[:3])
def test_traceable__images_in_one_row_answer_the_same_by_a_mask(grid: list[list[int]]) -> None:
    model, sizes = qwen(), torch.tensor(grid)
    patches = torch.randn(int(sizes.prod(1).sum()), 3 * 2 * 8 * 8, generator=torch.Generator().manual_seed(1))
    own, implementation = model(patches, sizes), model.config._attn_implementation
    with traceable(model):
        assert model.config._attn_implementation != implementation
        by_mask = model(patches, sizes)
    torch.testing.assert_close(by_mask.last_hidden_state, own.last_hidden_state)
    torch.testing.assert_close(by_mask.pooler_output, own.pooler_output)
    assert model.config._attn_implementation == implementation
    assert torch.equal(model(patches, sizes).pooler_output, own.pooler_output)


def test_traceable__counts_that_are_a_tensor_repeat_as_they_did() -> None:
    values, counts = torch.tensor([5, 7, 9]), torch.tensor([2, 0, 3])
    with traceable(torch.nn.Identity()):
        assert torch.repeat_interleave(values, counts).tolist() == [5, 5, 9, 9, 9]
        assert torch.repeat_interleave(values, 2).tolist() == [5, 5, 7, 7, 9, 9]
        assert torch.repeat_interleave(counts).tolist() == [0, 0, 2, 2, 2]
        assert [len(part) for part in torch.split(torch.zeros(5), [2, 3])] == [2, 3]
        assert get_image_features(torch.zeros(5))[0].shape == (5,)
        assert packed.get_image_features(torch.zeros(5))[0].shape == (2,)


def get_image_features(features: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """As models do it: their features by image, which they join again at once."""
    return torch.split(features, [2, 3])


class Packed:
    """A model that packs its images' features one by one needs them apart."""

    def get_image_features(self, features: torch.Tensor) -> list[torch.Tensor]:
        return self.pack_image_features(torch.split(features, [2, 3]))

    def pack_image_features(self, features: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
        return list(features)


packed = Packed()


@pytest.mark.parametrize("speed", [1.0, 0.5])
@pytest.mark.parametrize("durations", [[[2, 1, 3], [1, 0, 2]], [[0, 0, 0], [0, 0, 0]], [[4, 0, 0], [0, 0, 1]]])
def test_regulated__frames_are_those_of_the_loop(durations: list[list[int]], speed: float) -> None:
    sounds = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1))
    given, changed = torch.tensor(durations), torch.tensor(durations)
    wanted = length_regulator(sounds, given, speed)
    assert torch.equal(regulated(sounds, changed, speed), wanted)
    assert torch.equal(changed, given)


def test_traceable__rotations_by_complex_numbers_are_rotations_by_pairs() -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    experts = {"intermediate_size": 32, "intermediate_size_mlp": 64, "num_local_experts": 2}
    config = transformers.Llama4TextConfig(**sizes, **experts, head_dim=8, vocab_size=tiny.VOCABULARY, pad_token_id=0)
    model = tiny.made("Llama4ForCausalLM", config)
    ids = torch.arange(24).reshape(2, 12)
    own = model(ids).logits
    with traceable(model):
        assert not torch.is_tensor(torch.polar(torch.ones(2), torch.ones(2)))
        torch.testing.assert_close(model(ids).logits, own)
