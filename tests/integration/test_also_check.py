"""A proven file in TensorFlow: what agrees, what is told to differ, and what cannot be converted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action import also_check
from onnx_export_action.making import Made
from onnx_export_action.progress import Progress
from onnx_export_action.records import Elsewhere
from onnx_export_action.stage import Stage
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool
from tests.factories import make_case, make_validation
from tests.integration import program
from tests.integration.program import Outcome
from tests.unit.sources.models import RecordingLog, settings_for

SHAPE = "batch 3"
WEIGHT = np.random.default_rng(7).normal(size=(8, 4)).astype(np.float32)


def save(file: Path, *nodes: onnx.NodeProto, weight: np.ndarray = WEIGHT) -> Path:
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ("batch", size)) for name, size in (("x", 8), ("y", 4))
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), file)
    return file


def product(file: Path, weight: np.ndarray = WEIGHT) -> Path:
    return save(file, helper.make_node("MatMul", ["x", "w"], ["y"], name="product"), weight=weight)


def unknown(file: Path) -> Path:
    """One with an operator that ONNX Runtime has, and the converter has not."""
    parts = (
        helper.make_node("MatMul", ["x", "w"], ["p"]),
        helper.make_node("Cast", ["p"], ["whole"], to=TensorProto.INT32),
        helper.make_node("BitwiseNot", ["whole"], ["turned"], name="turned"),
        helper.make_node("Cast", ["turned"], ["y"], to=TensorProto.FLOAT),
    )
    return save(file, *parts)


def checked(folder: Path, *files: Path) -> tuple[tuple[Elsewhere, ...], RecordingLog]:
    """The rows of files that were proven, as the proof has it, with `x @ WEIGHT` for the reference."""
    x = np.random.default_rng(8).normal(size=(3, 8)).astype(np.float32)
    np.savez(folder / "model-00.npz", **{"in.x": x, "out.y": x @ WEIGHT})
    case = {"file": str(folder / "model-00.npz"), "shape": SHAPE, "inputs": {"x": [3, 8]}}
    log, progress = RecordingLog(), Progress(validation=make_validation(cases=(make_case(SHAPE),)))
    settings = settings_for(folder, also_check="tensorflow")
    stage = Stage(settings, Host(300, 10**10, None, dict(os.environ)), 1, folder, log, progress, Pool())
    also_check.run(stage, Made(files[0], (case,), beside=dict.fromkeys(files[1:], (case,))))
    assert progress.validation is not None
    assert progress.validation.passed
    return progress.validation.elsewhere, log


def test_run__a_right_file_an_altered_one_and_one_that_cannot_be_converted(tmp_path: Path) -> None:
    altered = WEIGHT.copy()
    altered[3, 2] += 0.5
    rows, log = checked(
        tmp_path,
        product(tmp_path / "right.onnx"),
        product(tmp_path / "altered.onnx", altered),
        unknown(tmp_path / "odd.onnx"),
    )
    right, wrong, odd = rows
    assert right.runtime.startswith("TensorFlow 2.21.0, converted by onnx2tf 1.28.8")
    assert right.case is not None
    assert right.case.passed
    assert right.shape == SHAPE
    assert wrong.case is not None
    assert not wrong.case.passed
    assert wrong.case.max_abs_diff is not None
    assert wrong.case.max_abs_diff > 0.1
    assert odd.case is None
    assert odd.cause == "onnx2tf has no form for the operator BitwiseNot"
    assert log.warnings == [
        f"altered.onnx gives other answers in TensorFlow than in ONNX Runtime at {SHAPE}.",
        "odd.onnx could not be run in TensorFlow: onnx2tf has no form for the operator BitwiseNot.",
    ]


def test_program__a_transformer_agrees_and_a_gate_may_ask(exported: Callable[..., Outcome]) -> None:
    gates = "tensorflow-diff > 1e-3; tensorflow-diff > 1e-12"
    outcome = exported("bert", exporter="torchscript", also_check="tensorflow", fail_on=gates)
    assert outcome.status == 1, outcome.log
    assert [gate["outcome"] for gate in outcome.report["comparison"]["gates"]] == ["passed", "failed"]
    validation = outcome.report["validation"]
    (row,) = validation["elsewhere"]
    assert validation["passed"] is True
    assert row["case"]["passed"] is True
    assert {output["output"] for output in row["case"]["outputs"]} == {"last_hidden_state", "pooler_output"}
    assert row["shape"] == validation["cases"][0]["shape"]
    assert "converted by onnx2tf" in outcome.summary
    assert "✓ Run it in TensorFlow" in outcome.log


def test_program__what_cannot_be_converted_is_a_warning(tmp_path: Path) -> None:
    unknown(tmp_path / "odd.onnx")
    given = {"model": "odd.onnx", "also-check": "tensorflow", "fail-on": "tensorflow-diff > 1"}
    outcome = program.run(tmp_path, given)
    assert outcome.status == 0, outcome.log
    assert outcome.report["verdict"] == "pass"
    (warning,) = [text for text in outcome.report["warnings"] if "TensorFlow" in text]
    assert warning.endswith("onnx2tf has no form for the operator BitwiseNot.")
    assert [gate["outcome"] for gate in outcome.report["comparison"]["gates"]] == ["undecided"]
    assert "could not be run: onnx2tf has no form for the operator BitwiseNot" in outcome.summary
    assert "Traceback" not in outcome.log
