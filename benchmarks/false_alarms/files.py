"""Files of a known amount of work, and their inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZES = {"1 ms": (128, 32), "5 ms": (256, 40), "20 ms": (512, 40)}
"""Width and rows; the time is that of one call with one thread on the machine that the sizes were made for."""

_LAYERS = 100


def chain(folder: Path, size: str, slower_pct: int) -> Path:
    """A chain of matrix multiplications, made once: each one more than a hundred is one percent more work."""
    path = folder / f"{size.replace(' ', '')}-{slower_pct}.onnx"
    if not path.exists():
        width, layers = SIZES[size][0], _LAYERS + slower_pct * _LAYERS // 100
        dice = np.random.default_rng(0)
        weights = (dice.standard_normal((layers, width, width)) / np.sqrt(width)).astype(np.float32)
        nodes = [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(layers)]
        first, last = (helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, ["rows", width]) for i in (0, layers))
        initializers = [numpy_helper.from_array(weight, f"w{i}") for i, weight in enumerate(weights)]
        graph = helper.make_graph(nodes, "chain", [first], [last], initializers)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def case(folder: Path, size: str) -> dict[str, Any]:
    """Inputs as the proof writes them."""
    width, rows = SIZES[size]
    path = folder / f"{size.replace(' ', '')}.npz"
    if not path.exists():
        np.savez(path, **{"in.x0": np.random.default_rng(1).standard_normal((rows, width)).astype(np.float32)})
    return {"file": str(path), "shape": size, "batch": rows, "inputs": {"x0": [rows, width]}}
