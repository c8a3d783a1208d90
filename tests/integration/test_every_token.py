"""A vocabulary larger than what is tried: by the bytes of its table, else by trying each token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import transformers
from onnx import helper, numpy_helper

from onnx_export_action import sources
from onnx_export_action.exporters import attempt
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.records import Validation
from onnx_export_action.validation import proof
from onnx_export_action.validation.proof import Evidence
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker
from tests.integration import tiny
from tests.integration.mutations import OPSET
from tests.unit.sources.models import RecordingLog, settings_for

VOCABULARY, ROW = 2000, 1003  # no id of the spread, as the first test shows


@dataclass(frozen=True)
class Bench:
    exported: Exported
    exporter: Worker
    validator: Worker

    def prove(self, file: Path) -> Validation:
        part, folder, chosen = self.exported, Path(self.exported.cases[0]["file"]).parent, settings_for(file.parent)
        more = partial(attempt.every_token, self.exporter, part, folder)
        evidence = Evidence(part.cases, part.axes, "pytorch", tables=part.tables, every_token=more)
        return proof.prove(self.validator, file, OPSET, evidence, chosen, 1, RecordingLog()).validation


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bert")
    sizes: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = transformers.BertConfig(
        **sizes, intermediate_size=64, vocab_size=VOCABULARY, max_position_embeddings=160, pad_token_id=0
    )
    tiny.save(folder / "model", "BertModel", config, tokenizer=False)
    (folder / "onnx").mkdir()
    log, host = RecordingLog(), Host(300, 10**10, None, {})
    chosen = settings_for(folder, model=str(folder / "model"), task="feature-extraction")
    model = sources.resolve(chosen, hub_endpoint="", cache=folder, log=log)
    with (
        attempt.start("torchscript", host, log) as exporter,
        Worker(interpreters.main(), proof.SERVICE, host, log) as validator,
    ):
        exported = attempt.export(exporter, "torchscript", OPSET, model, chosen, 1, folder, log)
        yield Bench(exported, exporter, validator)


def spread(cases: tuple[dict[str, Any], ...]) -> set[int]:
    with np.load(next(case["file"] for case in cases if "token ids" in case["shape"])) as arrays:
        return set(arrays["in.input_ids"].ravel().tolist())


def test_prove__the_models_own_table_needs_a_spread_of_ids(bench: Bench) -> None:
    validation = bench.prove(bench.exported.file)
    assert validation.passed, proof.summary_of_failure(validation)
    assert "token table" in {check.name for check in validation.checks}
    assert [case.shape for case in validation.cases if "token ids" in case.shape] == [
        "batch 8, sequence 61, 480 token ids"
    ]
    tried = spread(bench.exported.cases)
    assert {1, VOCABULARY - 1} <= tried
    assert ROW not in tried


def _table(model: onnx.ModelProto) -> onnx.TensorProto:
    return next(tensor for tensor in model.graph.initializer if list(tensor.dims) == [VOCABULARY, 32])


def other_row(model: onnx.ModelProto) -> None:
    table = _table(model)
    values = numpy_helper.to_array(table).copy()
    values[ROW] = values[ROW + 1]
    table.CopyFrom(numpy_helper.from_array(values, table.name))


def other_answer(model: onnx.ModelProto) -> None:
    """The id is replaced before it is looked up, with the table as it was."""
    gather = next(node for node in model.graph.node if "input_ids" in node.input and node.op_type == "Gather")
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.int64), name) for name, value in (("one", ROW), ("another", 5))
    )
    place = list(model.graph.node).index(gather)
    model.graph.node.insert(place, helper.make_node("Where", ["is_one", "another", "input_ids"], ["ids"]))
    model.graph.node.insert(place, helper.make_node("Equal", ["input_ids", "one"], ["is_one"]))
    gather.input[1] = "ids"


@pytest.mark.parametrize("edit", [other_row, other_answer])
def test_prove__one_token_that_no_spread_holds(
    bench: Bench, tmp_path: Path, edit: Callable[[onnx.ModelProto], None]
) -> None:
    model = onnx.load(bench.exported.file)
    edit(model)
    onnx.save(model, tmp_path / "model.onnx")
    validation = bench.prove(tmp_path / "model.onnx")
    assert [case.shape for case in validation.cases if not case.passed] == ["batch 34, sequence 61, 1,999 token ids"]


def test_prove__another_right_table_is_tried_token_by_token(bench: Bench, tmp_path: Path) -> None:
    model = onnx.load(bench.exported.file)
    model.graph.initializer.append(numpy_helper.from_array(np.array(0, np.int64), "nothing"))
    gather = next(node for node in model.graph.node if "input_ids" in node.input and node.op_type == "Gather")
    place = list(model.graph.node).index(gather)
    model.graph.node.insert(place, helper.make_node("Add", ["input_ids", "nothing"], ["ids"]))
    gather.input[1] = "ids"
    onnx.save(model, tmp_path / "model.onnx")
    validation = bench.prove(tmp_path / "model.onnx")
    assert validation.passed, proof.summary_of_failure(validation)
    assert validation.cases[-1].shape == "batch 34, sequence 61, 1,999 token ids"
    assert "token table" not in {check.name for check in validation.checks}
