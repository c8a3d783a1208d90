"""Two real files in a real worker: two routes, two opsets, other weights, an optimised file, files that are broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from onnx_export_action import sources
from onnx_export_action.comparison import compare as asking
from onnx_export_action.comparison.compare import Case, Compared
from onnx_export_action.exporters import attempt
from onnx_export_action.records import GraphDiff
from onnx_export_action.validation.session import write_optimised
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from tests.integration import mutations, tiny
from tests.unit.comparison import graphs
from tests.unit.sources.models import RecordingLog, settings_for

HOST = Host(300, 10**10, None, {})
CLASSIFIER = "BertForSequenceClassification"


@dataclass(frozen=True)
class Exports:
    """One tiny classifier by two routes, its cases, and a comparing worker."""

    torchscript: Path
    dynamo: Path
    cases: tuple[Case, ...]
    worker: Worker
    log: RecordingLog

    def compare(self, base: Path, head: Path) -> Compared:
        return asking.compare(self.worker, base, head, self.cases, 1, self.log)


def export(route: str, opset: int, root: Path) -> tuple[Path, tuple[Case, ...]]:
    chosen, log = settings_for(root), RecordingLog()
    model = sources.resolve(chosen, hub_endpoint="", cache=root, log=log)
    (root / route / "onnx").mkdir(parents=True)
    with attempt.start(route, HOST, log) as worker:
        exported = attempt.export(worker, route, opset, model, chosen, 1, root / route, log)
    return exported.file, exported.cases


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    root = tmp_path_factory.mktemp("exports")
    tiny.bert(root / "m", CLASSIFIER, num_labels=7)
    torchscript, cases = export("torchscript", 17, root)
    dynamo, _ = export("torch", 18, root)
    log = RecordingLog()
    with Worker(Path(sys.executable), asking.SERVICE, HOST, log) as worker:
        yield Exports(torchscript, dynamo, cases, worker, log)


def of(compared: Compared, name: str) -> tuple[float | None, float | None]:
    return next((change.base, change.head) for change in compared.figures if change.name == name)


def test_compare__a_file_with_itself(exports: Exports) -> None:
    found = exports.compare(exports.torchscript, exports.torchscript)
    assert found.graph == GraphDiff(identical=True)
    assert all(change.base == change.head is not None for change in found.figures)
    (logits,) = found.answers
    assert (logits.max_abs_diff, logits.agreement_pct, logits.top5_pct) == (0, 100, 100)
    assert logits.answers == sum(case["inputs"]["input_ids"][0] for case in exports.cases)


def test_compare__two_routes_and_opsets_of_one_model(exports: Exports) -> None:
    found = exports.compare(exports.torchscript, exports.dynamo)
    base, head = of(found, "macs")
    assert base is not None
    assert base == head
    assert of(found, "opset") == (17, 18)
    assert not found.graph.identical
    assert not found.graph.breaking
    assert found.answers[0].agreement_pct == 100
    assert found.answers[0].max_abs_diff is not None
    assert 0 < found.answers[0].max_abs_diff < 1e-4
    assert exports.log.warnings == []


def test_compare__one_weight(exports: Exports, tmp_path: Path) -> None:
    model = onnx.load(exports.torchscript)
    mutations.change_weight(model, "classifier.weight", lambda array: -array)
    onnx.save(model, tmp_path / "head.onnx")
    found = exports.compare(exports.torchscript, tmp_path / "head.onnx")
    (change,) = found.graph.weights
    assert (change.kind, "classifier.weight" in change.name) == ("values", True)
    assert (found.graph.nodes_added, found.graph.nodes_removed, found.graph.nodes_altered) == (0, 0, 0)
    assert found.answers[0].agreement_pct is not None
    assert found.answers[0].agreement_pct < 100


def test_compare__renamed_ends_are_found_and_answered(exports: Exports, tmp_path: Path) -> None:
    model = onnx.load(exports.torchscript)
    mutations.rename(model, {"logits": "scores"})
    onnx.save(model, tmp_path / "head.onnx")
    found = exports.compare(exports.torchscript, tmp_path / "head.onnx")
    assert [(change.kind, change.breaking) for change in found.graph.interface] == [("renamed", True)]
    assert [(answer.output, answer.agreement_pct) for answer in found.answers] == [("scores", 100)]


def test_compare__a_fixed_axis_breaks_and_is_no_failure(exports: Exports, tmp_path: Path) -> None:
    model = onnx.load(exports.torchscript)
    mutations.fixed_batch(model)
    onnx.save(model, tmp_path / "head.onnx")
    found = exports.compare(exports.torchscript, tmp_path / "head.onnx")
    assert {change.kind for change in found.graph.interface} == {"axis fixed"}
    assert found.graph.breaking
    assert "cases did not run on both files" in found.answers[0].detail


def test_compare__what_onnx_runtime_fuses(exports: Exports, tmp_path: Path) -> None:
    model = onnx.load(exports.torchscript)
    norm = next(node for node in model.graph.node if node.op_type == "LayerNormalization")
    norm.attribute.append(helper.make_attribute("stash_type", 1))
    gelu = next(node for node in model.graph.node if node.op_type == "Erf")
    gelu.op_type = "Tanh"
    onnx.save(model, tmp_path / "head.onnx")
    fused = {
        each.operator: each.head - each.base
        for each in exports.compare(exports.torchscript, tmp_path / "head.onnx").graph.fused
    }
    assert set(fused) & {"Gelu", "BiasGelu"}
    assert min(fused.values()) == -1


def test_compare__a_file_of_fused_operators_counts_the_same_work(exports: Exports, tmp_path: Path) -> None:
    write_optimised(exports.torchscript, tmp_path / "head.onnx", 1)
    found = exports.compare(exports.torchscript, tmp_path / "head.onnx")
    assert {each.operator for each in found.graph.operators} & {"com.microsoft.BiasGelu", "com.microsoft.Gelu"}
    assert found.answers[0].agreement_pct == 100
    base, head = of(found, "macs")
    assert base == head is not None


def test_figures__of_the_candidate_alone(exports: Exports) -> None:
    found = asking.figures(exports.worker, None, exports.torchscript, exports.cases)
    assert {change.name for change in found} >= {"size", "parameters", "macs", "activation-peak", "opset"}
    assert all(change.base is None and change.head is not None for change in found)


def test_compare__what_the_runtime_refuses_is_warned_of(exports: Exports, tmp_path: Path) -> None:
    odd = graphs.model([graphs.node("Strange", "x", "y", domain="com.example")])
    odd.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(odd, tmp_path / "base.onnx")
    log = RecordingLog()
    found = asking.compare(exports.worker, tmp_path / "base.onnx", exports.torchscript, exports.cases, 1, log)
    assert found.answers == ()
    assert [warning.split(":")[0] for warning in log.warnings] == [
        "Which operators are fused was not compared",
        "The answers were not compared",
    ]
    assert found.graph.operators


@pytest.mark.parametrize(
    ("content", "cause"), [(b"", "holds no graph"), (b"no model", "base.onnx is not a"), (None, "No such file")]
)
def test_compare__a_base_that_is_no_model(exports: Exports, tmp_path: Path, content: bytes | None, cause: str) -> None:
    if content is not None:
        (tmp_path / "base.onnx").write_bytes(content)
    with pytest.raises(WorkerFailure) as caught:
        exports.compare(tmp_path / "base.onnx", exports.torchscript)
    assert cause in caught.value.cause
    assert caught.value.kind == "usage"


def test_compare__a_name_that_is_no_text(exports: Exports, tmp_path: Path) -> None:
    damaged = exports.torchscript.read_bytes().replace(b"attention_mask", b"attention\xff\xfe\xa0sk")
    (tmp_path / "base.onnx").write_bytes(damaged)
    with pytest.raises(WorkerFailure) as caught:
        exports.compare(tmp_path / "base.onnx", exports.torchscript)
    assert caught.value.kind == "usage"
    assert caught.value.cause.startswith("The graph of base.onnx or ")


@pytest.mark.parametrize("nodes", [5_000, 20_000])
def test_compare__large_graphs_with_three_edits(exports: Exports, nodes: int, tmp_path: Path) -> None:
    layers = nodes // 3
    base, head = graphs.perceptron(layers), graphs.renamed(graphs.perceptron(layers))
    for place in (3 * layers - 6, 3 * (layers // 2), 6):
        head.graph.node.insert(place, graphs.node("Neg", head.graph.node[place].input[0], f"new{place}"))
        head.graph.node[place + 1].input[0] = f"new{place}"
    onnx.save(base, tmp_path / "base.onnx")
    onnx.save(head, tmp_path / "head.onnx")
    found = GraphDiff.model_validate(
        exports.worker.call("diff", base=str(tmp_path / "base.onnx"), head=str(tmp_path / "head.onnx"))["graph"]
    )
    assert (found.nodes_added, found.nodes_removed, found.nodes_altered, found.weights_changed) == (3, 0, 0, 0)


def test_compare__weights_larger_than_a_part_are_streamed(exports: Exports, tmp_path: Path) -> None:
    files = []
    for place in range(2):
        values = np.zeros((3_000, 1_000), np.float32)
        values[-1, -1] = place
        made = graphs.model([graphs.node("MatMul", "x w", "y")], [onnx.numpy_helper.from_array(values, "w")])
        files.append(tmp_path / f"{place}.onnx")
        onnx.save(made, files[-1], save_as_external_data=True, location=f"{place}.data", size_threshold=0)
    graph = GraphDiff.model_validate(exports.worker.call("diff", base=str(files[0]), head=str(files[1]))["graph"])
    assert [(each.name, each.detail, each.max_abs_diff) for each in graph.weights] == [
        ("w", "1 of 3,000,000 elements", 1.0)
    ]
