"""Every variant of a real model, through the whole program; and those that fail, each with its cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from onnx_export_action.exporters import files
from onnx_export_action.records import VariantName
from onnx_export_action.variants import making, workshop
from onnx_export_action.variants.kinds import KINDS
from tests.integration import program
from tests.integration.program import SERVICES, Outcome, workers_find
from tests.integration.test_onnx_file import write

ALL = "fp16, int8-dynamic, O1, O2, O3, O4"
FLOAT = TensorProto.FLOAT


def rows(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in outcome.report["variants"]}


def interface(file: Path) -> list[tuple[str, str]]:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return [(value.name, value.type) for value in (*session.get_inputs(), *session.get_outputs())]


def network(nodes: list[onnx.NodeProto], **weights: np.ndarray[Any, Any]) -> onnx.ModelProto:
    """Nodes from `x` to `y`, of 4 features and any batch."""
    values = [helper.make_tensor_value_info(name, FLOAT, ("batch", 4)) for name in ("x", "y")]
    constants = [onnx.numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "network", values[:1], values[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def classifier(exported: Callable[..., Outcome]) -> Outcome:
    """A text classifier, with all its variants."""
    return exported("distilbert", exporter="torchscript", variants=ALL)


def test_variants__of_a_text_classifier_all_pass(classifier: Outcome) -> None:
    assert classifier.status == 0, classifier.log
    assert {name: row["cause"] for name, row in rows(classifier).items()} == dict.fromkeys(KINDS, "")
    assert {row["path"] for row in rows(classifier).values()} == {kind.file for kind in KINDS.values()}


@pytest.mark.parametrize("name", KINDS)
def test_variants__keep_the_types_of_inputs_and_outputs(classifier: Outcome, name: VariantName) -> None:
    assert interface(classifier.folder / KINDS[name].file) == interface(classifier.folder / "model.onnx")


def test_variants__are_what_their_names_say(classifier: Outcome) -> None:
    def types(name: VariantName) -> set[int]:
        model = onnx.load(classifier.folder / KINDS[name].file)
        return {tensor.data_type for tensor in model.graph.initializer if np.prod(tensor.dims) > 64}

    half = {TensorProto.FLOAT16, TensorProto.INT64}
    assert types("fp16") <= half
    assert types("O4") <= half
    assert TensorProto.INT8 in types("int8-dynamic")
    domains = {name: {n.domain for n in onnx.load(classifier.folder / KINDS[name].file).graph.node} for name in KINDS}
    assert "com.microsoft" not in domains["O1"]
    assert all("com.microsoft" in domains[name] for name in ("O2", "O3", "O4"))


def test_variants__are_judged_by_noise_and_answers(classifier: Outcome) -> None:
    texts = sum(case["inputs"]["input_ids"][0] for case in classifier.report["validation"]["cases"])
    for row in rows(classifier).values():
        (output,) = row["outputs"]
        assert (output["output"], output["answers"]) == ("logits", texts)
        assert output["same"] >= 0.95 * texts
    noise = {name: row["outputs"][0]["signal_to_noise_db"] for name, row in rows(classifier).items()}
    assert noise["O1"] > 100 > noise["fp16"] > 40 > noise["int8-dynamic"] > 10


def test_variants__are_in_the_bundle_beside_the_main_file(classifier: Outcome) -> None:
    sizes = {
        file["path"]: file["size_bytes"]
        for file in json.loads((classifier.folder / "manifest.json").read_text())["files"]
    }
    assert {name: row["size_bytes"] for name, row in rows(classifier).items()} == {
        name: sizes[kind.file] for name, kind in KINDS.items()
    }
    assert classifier.outputs["size-bytes"] == str(sizes["model.onnx"])
    assert classifier.outputs["onnx-path"].endswith("/model.onnx")
    assert "is recommended" in classifier.summary


def test_variants__are_timed_in_turns_with_the_export(tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    outcome = program.run(
        tmp_path, {"model": "network.onnx", "variants": "O2 int8-dynamic", "benchmark-seconds": "0.5", "threads": "1"}
    )
    assert outcome.status == 0, outcome.log
    for row in rows(outcome).values():
        assert row["cause"] == ""
        assert [paired["shape"] for paired in row["latency"]] == ["batch 1", "batch 5"]
        assert all(paired["low"] <= paired["ratio"] <= paired["high"] for paired in row["latency"])


def nothing_to_do() -> onnx.ModelProto:
    return network([helper.make_node("Relu", ["x"], ["y"])])


def beyond_half() -> onnx.ModelProto:
    """A weight of a million, which half precision does not reach."""
    factors = {"up": np.full(4, 1e6), "down": np.full(4, 1e-6)}
    nodes = [helper.make_node("Mul", ["x", "up"], ["h"]), helper.make_node("Mul", ["h", "down"], ["y"])]
    return network(nodes, **factors)


def one_loud_input() -> onnx.ModelProto:
    """A feature so much greater than those beside it that eight bits leave nothing of them; it is not in the answer."""
    weights = np.random.default_rng(0).standard_normal((4, 4))
    weights[0] = 0
    nodes = [helper.make_node("Mul", ["x", "loud"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])]
    return network(nodes, loud=np.array([1e5, 1, 1, 1]), w=weights)


FAILURES = [
    (nothing_to_do, "int8-dynamic", "The file has nothing to quantize: no MatMul, Attention, LSTM, Gather"),
    (nothing_to_do, "fp16", "The file has no fp32 weights to convert."),
    (nothing_to_do, "O4", "The file has no fp32 weights to convert."),
    (beyond_half, "fp16", "dB signal to noise, the limit is 40 dB"),
    (one_loud_input, "int8-dynamic", "dB signal to noise, the limit is 10 dB"),
]


@pytest.mark.parametrize(("model", "name", "cause"), FAILURES)
def test_variants__one_that_fails_is_a_row_and_fails_nothing(
    model: Callable[[], onnx.ModelProto], name: VariantName, cause: str, tmp_path: Path
) -> None:
    write(tmp_path / "network.onnx", model())
    outcome = program.run(tmp_path, {"model": "network.onnx", "variants": f"{name} O1"})
    assert outcome.status == 0, outcome.log
    failed, passed = rows(outcome)[name], rows(outcome)["O1"]
    assert cause in failed["cause"]
    assert (failed["path"], passed["path"]) == ("", "model_O1.onnx")
    assert not (outcome.folder / KINDS[name].file).exists()
    assert (outcome.folder / "model_O1.onnx").exists()
    assert cause in outcome.summary
    assert "Traceback" not in outcome.log + outcome.summary


def test_variants__a_worker_that_is_killed_is_a_row_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "network.onnx")
    monkeypatch.setattr(workshop, "SERVICE", "killed_variant")
    with workers_find(SERVICES) as environment:
        outcome = program.run(tmp_path, {"model": "network.onnx", "variants": "O1"}, environment=environment)
    assert outcome.status == 0, outcome.log
    assert rows(outcome)["O1"]["cause"].startswith("It was killed from outside")
    assert (outcome.folder / "attempts" / "variant-O1.txt").exists()


def test_variants__none_is_made_of_a_file_that_failed(tmp_path: Path) -> None:
    write(tmp_path / "network.onnx")
    outcome = program.run(tmp_path, {"model": "network.onnx", "opset": "18", "variants": "O1"})
    assert outcome.status == 1, outcome.log
    assert outcome.report["variants"] == []


def test_variants__operators_of_onnx_runtime_alone_are_no_fault(tmp_path: Path) -> None:
    """RMSNorm becomes an operator that ONNX Runtime puts into the standard domain, where the checker misses it."""
    nodes = [
        helper.make_node("Pow", ["x", "two"], ["square"]),
        helper.make_node("ReduceMean", ["square"], ["mean"], axes=[-1]),
        helper.make_node("Add", ["mean", "epsilon"], ["sum"]),
        helper.make_node("Sqrt", ["sum"], ["root"]),
        helper.make_node("Div", ["x", "root"], ["unit"]),
        helper.make_node("Mul", ["unit", "weight"], ["y"]),
    ]
    constants = {"two": np.array(2.0), "epsilon": np.array(1e-6), "weight": np.array([1.0, 2, 3, 4])}
    write(tmp_path / "network.onnx", network(nodes, **constants))
    outcome = program.run(tmp_path, {"model": "network.onnx", "variants": "O2"})
    assert rows(outcome)["O2"]["cause"] == ""
    (node,) = onnx.load(outcome.folder / "model_O2.onnx").graph.node
    assert (node.op_type, node.domain) == ("SimplifiedLayerNormalization", "")


@pytest.mark.parametrize("name", KINDS)
def test_make__large_weights_lie_beside_the_graph(
    name: VariantName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (files, making):
        monkeypatch.setattr(module, "EXTERNAL_ABOVE_BYTES", 10_000)
    weights = np.random.default_rng(0).standard_normal((256, 256)) / 16
    nodes = [helper.make_node("MatMul", ["x", "in"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["k"])]
    nodes.append(helper.make_node("MatMul", ["k", "out"], ["y"]))
    model = network(nodes, **{"in": weights[:4], "w": weights, "out": weights[:, :4]})
    (tmp_path / "source").mkdir()
    (tmp_path / "made").mkdir()
    external = {"save_as_external_data": True, "location": "model.onnx_data", "size_threshold": 0}
    source, file = write(tmp_path / "source" / "model.onnx", model, **external), tmp_path / "made" / KINDS[name].file
    making.make(name, source, file)
    assert {path.name for path in file.parent.iterdir()} == {file.name, f"{file.name}_data"}
    inputs = {"x": np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32)}
    before, after = (onnxruntime.InferenceSession(path).run(None, inputs)[0] for path in (source, file))
    assert np.linalg.norm(after - before) < 0.1 * np.linalg.norm(before)
