"""What one more rounding moves is known of outputs of two numbers too, whatever the coins say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from onnx_export_action.exporters import rounding
from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.service import Service
from onnx_export_action.exporters.subject import SEED


@pytest.mark.parametrize(("name", "task"), [("resnet", "image-classification"), ("distilbert", "text-classification")])
def test_of__never_nothing_by_chance(models: Callable[[str], Path], name: str, task: str) -> None:
    service = Service()
    service.load("transformers", task, 1, path=str(models(name)), dtype="fp32", trust_remote_code=False)
    module = service._subject.module
    inputs = service._subject._inputs.make(Case(1, 7), SEED)
    outputs = module.answer(inputs)
    found = [rounding.of(module, inputs, outputs, seed)["logits"] for seed in range(12)]
    typical = torch.tensor([each[1] for each in found])
    assert typical.min() > 0
    assert typical.max() < 5 * typical.min()
    assert all(greatest >= mean for greatest, mean in found)
