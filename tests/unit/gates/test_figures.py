"""Whatever the comparison counts, a gate can name."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from onnx_export_action.comparison.counted import figures as counted
from onnx_export_action.gates.figures import FIGURES
from onnx_export_action.gates.figures.counted import BY_TYPE
from tests import factories


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All that the comparison counts in a file."""
    weights = onnx.numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("batch", 4)) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", values[:1], values[1:], [weights])
    file = tmp_path_factory.mktemp("figures") / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    return {figure.name for figure in counted.of_file(file, {"shape": "batch 2", "inputs": {"x": [2, 4]}})}


def test_figures__name_all_that_is_counted(names: set[str]) -> None:
    assert names <= set(FIGURES)
    assert {"size", "parameters-float", "macs", "activation-peak"} <= names


def test_figures__count_weights_of_every_type_that_there_is() -> None:
    kinds = [kind.lower() for kind, number in onnx.TensorProto.DataType.items() if number]
    assert sorted(name for name in FIGURES if name.startswith(BY_TYPE)) == sorted(f"{BY_TYPE}{kind}" for kind in kinds)


def test_figures__name_all_that_a_comparison_shows() -> None:
    shown = {change.name for change in factories.make_comparison().figures}
    assert shown <= set(FIGURES)
