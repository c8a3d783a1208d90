"""A fixed graph, timed beside the file in every run: a unit in which runs on two machines can be compared.

Never change it: the trend of every repository counts in it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.validation.session import Session

_LAYERS, _WIDTH, _ROWS = 12, 256, 32
# Its threads must not go on waiting busily while the file is timed.
_CONFIG = {"session.force_spinning_stop": "1"}


def prepared(threads: int) -> Callable[[], object]:
    """A call of the graph: twelve products of matrices with an activation, 3 MB of weights."""
    inputs = {"x0": np.ones((_ROWS, _WIDTH), np.float32)}
    return Session(_graph().SerializeToString(), threads, config=_CONFIG).prepared(inputs)


def _graph() -> onnx.ModelProto:
    weight = np.full((_WIDTH, _WIDTH), 1 / _WIDTH, np.float32)
    weights = [numpy_helper.from_array(weight, f"w{layer}") for layer in range(_LAYERS)]
    nodes = [node for layer in range(_LAYERS) for node in _layer(layer)]
    ends = [helper.make_tensor_value_info(f"x{end}", TensorProto.FLOAT, [_ROWS, _WIDTH]) for end in (0, _LAYERS)]
    graph = helper.make_graph(nodes, "reference", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _layer(layer: int) -> tuple[onnx.NodeProto, onnx.NodeProto]:
    product = helper.make_node("MatMul", [f"x{layer}", f"w{layer}"], [f"y{layer}"])
    return product, helper.make_node("Relu", [f"y{layer}"], [f"x{layer + 1}"])
