"""The route leaves the model as it found it, for the answers that are timed afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx

from onnx_export_action.exporters.service import Service


def test_export__eager_attention_only_while_an_old_opset_is_traced(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    service = Service()
    service.load(str(models("distilbert")), "text-classification", "fp32", False, 1)
    service.answer(str(tmp_path), [1, 2], [7, 9])
    (tmp_path / "onnx").mkdir()
    service.export("torchscript", 13, str(tmp_path / "onnx" / "model.onnx"))
    assert onnx.load(str(tmp_path / "onnx" / "model.onnx")).opset_import[0].version == 13
    assert service._module.model.config._attn_implementation == "sdpa"
