"""Whatever a route wrote becomes one file, or a graph and one data file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.exporters import files

WEIGHTS = {name: np.full((20, 30), value, np.float32) for value, name in enumerate("ab")}


def write(folder: Path, location: str | None) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["y"])],
        "graph",
        [],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [20, 30])],
        [numpy_helper.from_array(value, name) for name, value in WEIGHTS.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    file = folder / "model.onnx"
    if location is None:
        onnx.save(model, file)
        return file
    several = location == "one file each"
    place = None if several else location
    onnx.save(
        model, file, save_as_external_data=True, all_tensors_to_one_file=not several, location=place, size_threshold=0
    )
    return file


@pytest.mark.parametrize("location", [None, "model.onnx_data", "model.onnx.data", "one file each"])
@pytest.mark.parametrize(("limit", "expected"), [(10**6, {"model.onnx"}), (100, {"model.onnx", "model.onnx_data"})])
def test_settle__one_layout_whatever_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str | None, limit: int, expected: set[str]
) -> None:
    file = write(tmp_path, location)
    monkeypatch.setattr(files, "EXTERNAL_ABOVE_BYTES", limit)
    files.settle(file)
    assert {path.name for path in tmp_path.iterdir()} == expected
    model = onnx.load(file)
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert all(np.array_equal(found[name], value) for name, value in WEIGHTS.items())


def test_settle__what_is_right_is_not_written_again(tmp_path: Path) -> None:
    file = write(tmp_path, None)
    before = file.stat()
    files.settle(file)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
