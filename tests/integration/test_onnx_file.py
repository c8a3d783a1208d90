"""A ready .onnx through the whole program: validated and measured, never exported."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from onnx_export_action import bundle
from onnx_export_action.records import File
from onnx_export_action.validation import merged
from onnx_export_action.validation.service import Service
from onnx_export_action.validation.session import Session
from tests.integration import program
from tests.integration.program import Outcome


def write(file: Path, model: onnx.ModelProto | None = None, **external: Any) -> Path:
    onnx.save(model or two_layers(), file, **external)
    return file


def two_layers(axes: tuple[str | int, ...] = ("batch", 4), opset: int = 17) -> onnx.ModelProto:
    """A small network of floats, with 4 features and any batch."""
    weights = np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, axes)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, axes)],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize("packed", [True, False])
def test_open__weights_stay_as_they_lie_unless_a_copy_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    given: list[dict[str, str]] = []
    monkeypatch.setattr(
        merged, "Session", lambda *_, config, mapped: given.append(config) or Session(*_, config=config, mapped=mapped)
    )
    file = write(tmp_path / "network.onnx", save_as_external_data=True, location="network.onnx_data", size_threshold=0)
    Service().open(str(file), 1, packed)
    assert given == [{} if packed else {"session.disable_prepacking": "1"}]


@pytest.mark.parametrize("external", [False, True])
def test_session__answers_the_same_with_weights_mapped_where_they_lie(tmp_path: Path, external: bool) -> None:
    weights = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 64])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    beside = {"save_as_external_data": True, "location": "network.onnx_data"} if external else {}
    file = write(tmp_path / "network.onnx", model, **beside)
    given = {"x": np.random.default_rng(2).standard_normal((3, 64)).astype(np.float32)}
    plain, mapped = (Session(file, 1, mapped=each).run(given)["y"] for each in (False, True))
    np.testing.assert_array_equal(plain, mapped)
    np.testing.assert_allclose(plain, given["x"] @ weights, rtol=1e-4, atol=1e-4)


def test_onnx_file__is_validated_and_measured(tmp_path: Path) -> None:
    file = write(tmp_path / "network.onnx")
    outcome = program.run(tmp_path, {"model": "network.onnx", "benchmark-seconds": "0.2"})
    assert outcome.status == 0, outcome.log
    assert outcome.report["validation"]["reference"] == "unoptimised"
    assert outcome.report["export"]["attempts"] == []
    assert outcome.report["export"]["exporter"] is None
    assert outcome.outputs["opset"] == "17"
    assert len(outcome.report["validation"]["cases"]) == 4
    assert {timing["runtime"] for timing in outcome.report["benchmark"]["timings"]} == {"onnxruntime"}
    assert (outcome.folder / "model.onnx").read_bytes() == file.read_bytes()
    assert outcome.report["graph"]["operators"] == {"MatMul": 1, "Relu": 1}
    assert outcome.report["validation"]["checks"][-1]["name"] == "bundle"


def test_onnx_file__of_a_real_model(exported: Callable[..., Outcome], tmp_path: Path) -> None:
    source = exported("bert", exporter="torchscript", opset="17")
    shutil.copyfile(source.folder / "model.onnx", tmp_path / "bert.onnx")
    outcome = program.run(tmp_path, {"model": "bert.onnx"})
    assert outcome.status == 0, outcome.log
    assert [case["passed"] for case in outcome.report["validation"]["cases"]] == [True] * 4


def test_onnx_file__with_external_data(tmp_path: Path) -> None:
    write(tmp_path / "n.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    assert outcome.status == 0, outcome.log
    assert {"model.onnx", "weights.bin"} <= outcome.names()
    sizes = (outcome.folder / "model.onnx").stat().st_size + (outcome.folder / "weights.bin").stat().st_size
    assert outcome.outputs["size-bytes"] == str(sizes)
    assert (tmp_path / "weights.bin").exists()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda data: data.unlink(), "the external file weights.bin is missing"),
        (lambda data: data.write_bytes(b"x"), "the external file weights.bin is cut off"),
    ],
)
def test_onnx_file__without_its_external_data(tmp_path: Path, spoil: Callable[[Path], object], sentence: str) -> None:
    write(tmp_path / "n.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    spoil(tmp_path / "weights.bin")
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    assert outcome.status == 2, outcome.log
    assert sentence in outcome.failure
    assert outcome.outputs["verdict"] == "error"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (two_layers().SerializeToString()[:-20], "n.onnx is not a readable ONNX file"),
        (b"this is a text", "n.onnx is not a"),
        (b"", "n.onnx is empty"),
        (b"\x00" * 1000, "n.onnx is not a"),
        (onnx.ModelProto(ir_version=8).SerializeToString(), "n.onnx is not an ONNX file: it holds no graph"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n", "LFS"),
    ],
    ids=["truncated", "text", "empty", "zeros", "no graph", "pointer"],
)
def test_onnx_file__that_is_none(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "n.onnx").write_bytes(content)
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    assert outcome.status == 2, outcome.log
    assert sentence in outcome.failure
    assert outcome.outputs["verdict"] == "error"
    assert str(tmp_path) not in outcome.failure
    assert "Traceback" not in outcome.log


def _cyclic(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = "y"


def _foreign(model: onnx.ModelProto) -> None:
    model.graph.node[1].domain = "my.domain"


def _outside(model: onnx.ModelProto) -> None:
    _external(model, location="../secret", length="64")


def _no_place(model: onnx.ModelProto) -> None:
    _external(model, location="w", offset="here")


def _hidden(model: onnx.ModelProto) -> None:
    """External data of a constant, which is no initializer."""
    _external(model, location="nowhere", length="64")
    constant = helper.make_node("Constant", [], ["w"], value=model.graph.initializer[0])
    model.graph.node.insert(0, constant)
    del model.graph.initializer[:]


def _external(model: onnx.ModelProto, **places: str) -> None:
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in places.items():
        weights.external_data.add(key=key, value=value)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_cyclic, "its graph has a cycle, in which MatMul waits for its own answer"),
        (_foreign, "it needs the custom operator Relu of my.domain, whose library is not here"),
        (_outside, "w: its external data lies outside the folder"),
        (_no_place, "w has no readable place in its external data"),
        (_hidden, "w: the external file nowhere is missing"),
    ],
)
def test_onnx_file__that_no_runtime_should_see(
    tmp_path: Path, spoil: Callable[[onnx.ModelProto], None], sentence: str
) -> None:
    model = two_layers()
    spoil(model)
    (tmp_path / "n.onnx").write_bytes(model.SerializeToString())
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    program.assert_error(outcome, 2, f"n.onnx cannot be used: {sentence}")


def test_onnx_file__of_two_gibibytes(tmp_path: Path) -> None:
    with (tmp_path / "n.onnx").open("wb") as file:
        file.truncate(2**31)  # sparse: nothing is written
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    program.assert_error(outcome, 2, "n.onnx has 2.0 GiB, and a protobuf of 2 GiB or more", "external data")


def test_onnx_file__of_another_opset_than_promised(tmp_path: Path) -> None:
    write(tmp_path / "n.onnx")
    outcome = program.run(tmp_path, {"model": "n.onnx", "opset": "18"})
    assert outcome.status == 1
    assert "17, although 18 was promised" in outcome.summary
    assert "model.failed.onnx" in outcome.names()


def test_onnx_file__that_the_target_cannot_load(tmp_path: Path) -> None:
    write(tmp_path / "n.onnx")
    outcome = program.run(tmp_path, {"model": "n.onnx", "target": "onnxruntime>=1.10"})
    assert outcome.status == 1
    assert "onnxruntime&gt;=1.10 loads opsets up to 15" in outcome.summary or "up to 15" in outcome.summary


def test_onnx_file__whose_declared_axis_is_untrue(tmp_path: Path) -> None:
    model = two_layers(("batch", "features"))
    write(tmp_path / "n.onnx", model)
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    assert outcome.status == 2, outcome.log
    assert "does not run on made inputs (batch 1, features 7)" in outcome.failure


@pytest.mark.parametrize(
    ("listed_first", "sentence"),
    [
        (False, "model.onnx has another hash than when it was proven"),
        (True, "model.onnx gives other answers at batch 1 than when it was proven"),
    ],
)
def test_onnx_file__whose_bundle_is_not_what_was_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed_first: bool, sentence: str
) -> None:
    write(tmp_path / "n.onnx")
    other = two_layers()
    other.graph.node[1].op_type = "Tanh"
    manifest = bundle.write_manifest

    def spoilt(folder: Path) -> tuple[File, ...]:
        listed = manifest(folder)
        (folder / "model.onnx").write_bytes(other.SerializeToString())
        return listed if listed_first else manifest(folder)

    monkeypatch.setattr(bundle, "write_manifest", spoilt)
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    assert outcome.status == 4, outcome.log
    assert f"What lies in the output folder is not what was proven: {sentence}" in outcome.failure
    assert "model.onnx" not in outcome.names()


def test_onnx_file__in_the_output_folder(tmp_path: Path) -> None:
    (tmp_path / "onnx-export").mkdir()
    file = write(tmp_path / "onnx-export" / "model.onnx")
    outcome = program.run(tmp_path, {"model": "onnx-export/model.onnx"})
    assert outcome.status == 2
    assert file.exists()


def test_onnx_file__that_the_runtime_refuses(tmp_path: Path) -> None:
    model = two_layers()
    model.graph.node[1].op_type = "NoSuchOperator"
    write(tmp_path / "n.onnx", model)
    outcome = program.run(tmp_path, {"model": "n.onnx"})
    assert outcome.status == 2, outcome.log
    assert "ONNX Runtime cannot load n.onnx: " in outcome.failure
    assert "NoSuchOperator" in outcome.failure
    assert str(tmp_path) not in outcome.failure
