"""What is changed for an export leaves the model as it was, for the answers that are timed afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import torch
import transformers
from transformers.models.longcat_flash import modeling_longcat_flash

from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.service import Service
from onnx_export_action.exporters.traceable import traceable
from tests.integration import tiny


def test_export__eager_attention_only_while_an_old_opset_is_traced(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    service = Service()
    asked = {"task": "text-classification", "dtype": "fp32", "trust_remote_code": False}
    service.load("transformers", path=str(models("distilbert")), threads=1, **asked)
    service.answer(str(tmp_path), [1, 2], [7, 9])
    (tmp_path / "onnx").mkdir()
    service.export("torchscript", 13, str(tmp_path / "onnx" / "model.onnx"))
    assert onnx.load(str(tmp_path / "onnx" / "model.onnx")).opset_import[0].version == 13
    assert service._subject.module.model.config._attn_implementation == "sdpa"


def test_traceable__experts_answer_the_same_by_products_that_have_operators() -> None:
    config = transformers.Qwen3MoeConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=64,
        moe_intermediate_size=32,
        num_experts=4,
        num_experts_per_tok=2,
        vocab_size=tiny.VOCABULARY,
    )
    model = tiny.made("Qwen3MoeForCausalLM", config)
    ids = torch.arange(24).reshape(2, 12)
    own, before = model(ids).logits, model.get_experts_implementation()
    with traceable(model):
        assert model.get_experts_implementation() != before
        torch.testing.assert_close(model(ids).logits, own)
    assert model.get_experts_implementation() == before


def test_traceable__experts_that_hand_on_what_they_get_answer_the_same() -> None:
    sizes = {"hidden_size": 32, "expert_ffn_hidden_size": 16, "n_routed_experts": 3, "zero_expert_num": 2}
    experts = modeling_longcat_flash.LongcatFlashExperts(transformers.LongcatFlashConfig(**sizes))
    tiny.draw(experts)
    generator = torch.Generator().manual_seed(1)
    given = torch.randn(6, 32, generator=generator), torch.arange(12).reshape(6, 2) % 5, torch.rand(6, 2)
    own = experts(*given)
    with traceable(experts):
        assert "forward" in vars(experts)
        torch.testing.assert_close(experts(*given), own)
    assert "forward" not in vars(experts)


def test_export__leaves_dropout_off(models: Callable[[str], Path], tmp_path: Path) -> None:
    service = Service()
    asked = {"task": "feature-extraction", "dtype": "fp32", "trust_remote_code": False}
    service.load("transformers", path=str(models("bert")), threads=1, **asked)
    service.answer(str(tmp_path), [1, 2], [7, 9])
    inputs = service._subject._inputs.make(Case(2, 7, "right"), seed=1)
    before = service._subject.module.answer(inputs)
    (tmp_path / "onnx").mkdir()
    service.export("torchscript", 18, str(tmp_path / "onnx" / "model.onnx"))
    after = service._subject.module.answer(inputs)
    assert all(torch.equal(before[name], after[name]) for name in before)
