"""Files with streamed weights are read back by onnx and by ONNX Runtime as if they had been saved whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.exporters import streaming

WEIGHTS = {
    "matrix": torch.arange(12, dtype=torch.float32).reshape(3, 4),
    "transposed": torch.arange(12, dtype=torch.float32).reshape(3, 4).permute(1, 0),
    "half": torch.tensor([1.5, -2.0], dtype=torch.float16),
    "brain": torch.tensor([1.0, 3.0], dtype=torch.bfloat16),
    "whole": torch.tensor([[1, -1]], dtype=torch.int64),
    "flags": torch.tensor([True, False]),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
}


def doubling_graph() -> onnx.ModelProto:
    """A graph that multiplies its input with `matrix`, the weight itself left out."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "matrix"], ["y"])], "graph", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.fixture(params=["inline", "external"])
def written(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same weights below and above the size that asks for a data file."""
    if request.param == "external":
        monkeypatch.setattr(streaming, "EXTERNAL_ABOVE_BYTES", 10)
    file = tmp_path / "model.onnx"
    streaming.write(doubling_graph(), WEIGHTS, file)
    assert (tmp_path / "model.onnx_data").exists() == (request.param == "external")
    return file


def test_write__every_weight_is_read_back(written: Path) -> None:
    model = onnx.load(str(written))
    read = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert set(read) == set(WEIGHTS)
    for name, weight in WEIGHTS.items():
        assert read[name].shape == tuple(weight.shape)
        np.testing.assert_array_equal(read[name].astype(np.float64), weight.double().numpy())


def test_write__the_file_is_valid_and_runs(written: Path) -> None:
    onnx.checker.check_model(str(written), full_check=True)
    session = onnxruntime.InferenceSession(str(written), providers=["CPUExecutionProvider"])
    x = np.array([[1, 2, 3], [0, 1, 0]], dtype=np.float32)
    (answer,) = session.run(None, {"x": x})
    np.testing.assert_array_equal(answer, x @ WEIGHTS["matrix"].numpy())
