"""A model is read without its weights, each of which is found again at the place that is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.validation import skim, structure, tables
from onnx_export_action.workers.protocol import Refusal

SIZES = st.lists(st.sampled_from([0, 1, 7, 1024, 1025, 5000]), max_size=6)


def model(sizes: list[int], external: bool = False) -> onnx.ModelProto:
    """One initializer of each size, and a node that reads the first."""
    weights = [
        numpy_helper.from_array(np.arange(size, dtype=np.float32) + place, f"w{place}")
        for place, size in enumerate(sizes)
    ]
    if external:
        weights.append(TensorProto(name="far", dims=[2], data_type=1, data_location=TensorProto.EXTERNAL))
        weights[-1].external_data.add(key="location", value="far.bin")
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="ä" * 3)


@given(SIZES, st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_skim__is_the_model_with_its_large_weights_where_they_lie(
    tmp_path: Path, sizes: list[int], external: bool
) -> None:
    whole, file = model(sizes, external), tmp_path / "model.onnx"
    onnx.save(whole, file)
    slim, content = skim.skim(file), file.read_bytes()
    assert [tensor.name for tensor in slim.graph.initializer] == [tensor.name for tensor in whole.graph.initializer]
    for left, full in zip(slim.graph.initializer, whole.graph.initializer, strict=True):
        place = {entry.key: entry.value for entry in left.external_data}
        if len(full.raw_data) > skim.LARGE_BYTES:
            assert not left.raw_data
            assert content[int(place["offset"]) :][: int(place["length"])] == full.raw_data
            assert tables._hash(left, tmp_path) == tables._hash(full, tmp_path)
        else:
            assert left == full
    assert structure.graph(slim) == structure.graph(whole)
    slim.graph.ClearField("initializer")
    whole.graph.ClearField("initializer")
    assert slim == whole


@pytest.mark.parametrize("external", [False, True])
def test_check_weights__says_the_same_of_both(tmp_path: Path, external: bool) -> None:
    file, whole = tmp_path / "model.onnx", model([5000, 3], external)
    whole.graph.initializer[0].dims[0] = 4999
    onnx.save(whole, file)
    assert structure.check_weights(skim.skim(file), tmp_path) == structure.check_weights(whole, tmp_path)


@given(st.integers(0, 10_000), st.binary(max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_skim__of_a_damaged_file_is_a_model_or_one_of_two_errors(tmp_path: Path, cut: int, put: bytes) -> None:
    whole = model([5, 1500]).SerializeToString()
    file = tmp_path / "model.onnx"
    file.write_bytes(whole[: cut % len(whole)] + put + whole[cut % len(whole) + len(put) :])
    try:
        assert isinstance(skim.skim(file), onnx.ModelProto)
    except (ValueError, DecodeError):
        with pytest.raises(Refusal, match=r"model\.onnx is not a readable ONNX file"):
            structure.read_slim(file)


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"plain words", b"\x3a\xff\xff\xff\xff\x0f"])
def test_read_slim__no_model_at_all(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(Refusal, match=r"model\.onnx is not a"):
        structure.read_slim(file)
