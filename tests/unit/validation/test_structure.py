"""What a file claims about itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.validation import structure
from onnx_export_action.workers.protocol import Refusal


def model(*initializers: onnx.TensorProto, **options: Any) -> onnx.ModelProto:
    """y = x + w, with more initializers when they are given."""
    weights = initializers or (numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "w"),)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["s"]), helper.make_node("Add", ["s", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
        list(weights),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], **{"ir_version": 8, **options})


def external(name: str, location: str, offset: int, length: int) -> onnx.TensorProto:
    tensor = onnx.TensorProto(name=name, dims=[2, 3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def test_graph__counts_and_names() -> None:
    found = structure.graph(model())
    assert (found.nodes, found.operators, found.initializers, found.parameters) == (2, {"Add": 2}, 1, 6)
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in found.inputs] == [("x", "float", ("batch", 3))]
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in found.outputs] == [("y", "float", ("batch", 3))]


def test_graph__an_initializer_that_is_listed_as_input_is_none() -> None:
    old_style = model()
    old_style.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 3]))
    assert [tensor.name for tensor in structure.graph(old_style).inputs] == ["x"]


def test_graph__axes_without_a_name_are_dynamic_too() -> None:
    unnamed = model()
    unnamed.graph.input[0].type.tensor_type.shape.dim[0].Clear()
    shape = structure.graph(unnamed).inputs[0].shape
    assert isinstance(shape[0], str)
    assert shape[1] == 3


@pytest.mark.parametrize(
    ("imports", "promised", "passed", "detail"),
    [
        ([("", 18)], 18, True, "18"),
        ([("ai.onnx", 18)], 18, True, "18"),
        ([("com.microsoft", 1), ("", 18)], 18, True, "18"),
        ([("", 18)], None, True, "18"),
        ([("", 17)], 18, False, "17, although 18 was promised"),
        ([("com.microsoft", 18)], 18, False, "0, although 18 was promised"),
        ([], None, False, ""),
    ],
)
def test_check_opset(imports: list[tuple[str, int]], promised: int | None, passed: bool, detail: str) -> None:
    changed = model()
    del changed.opset_import[:]
    changed.opset_import.extend(helper.make_opsetid(*entry) for entry in imports)
    check = structure.check_opset(changed, promised)
    assert check.passed is passed
    assert detail in check.detail


@pytest.mark.parametrize(
    ("tensor", "detail"),
    [
        (external("w", "missing.bin", 0, 24), "w: the external file missing.bin is missing"),
        (external("w", "data.bin", 8, 24), "w: the external file data.bin is cut off"),
        (external("w", "../data.bin", 0, 24), "w: its external data lies outside the folder"),
        (external("w", "/etc/hostname", 0, 1), "w: its external data lies outside the folder"),
        (onnx.TensorProto(name="w", dims=[2, 3], data_type=1, raw_data=b"1234"), "w: 4 bytes instead of 24"),
        (onnx.TensorProto(name="w", dims=[2, 3], data_type=10, raw_data=b"1234"), "w: 4 bytes instead of 12"),
    ],
)
def test_check_weights__names_what_is_not_whole(tmp_path: Path, tensor: onnx.TensorProto, detail: str) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(24))
    check = structure.check_weights(model(tensor), tmp_path)
    assert not check.passed
    assert check.detail == detail


@pytest.mark.parametrize(
    ("tensor", "detail"),
    [
        (external("w", "data.bin", 0, 24), "1 initializers complete, 1 of them as external data"),
        (numpy_helper.from_array(np.zeros((2, 3), np.float32), "w"), "1 initializers complete, all in one file"),
        (helper.make_tensor("w", TensorProto.FLOAT, [2, 3], [0.0] * 6), "1 initializers complete, all in one file"),
    ],
)
def test_check_weights__accepts_what_is_whole(tmp_path: Path, tensor: onnx.TensorProto, detail: str) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(24))
    check = structure.check_weights(model(tensor), tmp_path)
    assert check.passed
    assert check.detail == detail


def test_check_graph__shape_inference_finds_what_cannot_be_added() -> None:
    narrow = model(numpy_helper.from_array(np.zeros((2, 5), np.float32), "w"))
    check = structure.check_graph(narrow)
    assert not check.passed
    assert check.name == "onnx.checker"


def test_check_graph__large_weights_are_not_needed() -> None:
    large = model(numpy_helper.from_array(np.zeros((5000, 3), np.float32), "w"))
    assert structure.check_graph(large).passed


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"not a model at all", "m.onnx is not a"),
        (b"", "m.onnx is not an ONNX file: it holds no graph."),
        (model().SerializeToString()[:-10], "m.onnx is not a readable ONNX file: "),
    ],
)
def test_read__refuses_what_is_no_model(tmp_path: Path, content: bytes, cause: str) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(Refusal) as caught:
        structure.read(tmp_path / "m.onnx")
    assert cause in caught.value.cause
    assert caught.value.kind == "usage"


def test_read__a_file_that_is_not_there_shows_no_path(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        structure.read(tmp_path / "m.onnx")
    assert caught.value.cause == "m.onnx is not a readable ONNX file: No such file or directory"


@pytest.mark.parametrize("read", [structure.read, structure.read_slim])
def test_read__what_no_protobuf_parser_takes_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with (tmp_path / "m.onnx").open("wb") as sparse:
        sparse.truncate(2**31)
    with pytest.raises(Refusal, match=r"m\.onnx has 2\.0 GiB, and a protobuf of 2 GiB or more cannot be read"):
        read(tmp_path / "m.onnx")
