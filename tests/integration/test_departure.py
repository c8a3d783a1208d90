"""Where a wrong file departs from the model: the planted place is the one that the report names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch

from onnx_export_action.exporters import attempt, ties
from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.exporters.service import Service
from onnx_export_action.validation import case_values, departure
from tests.integration import program, tiny
from tests.integration.mutations import change_weight
from tests.integration.program import SERVICES, workers_find


def test_main__names_the_layer_that_departs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.bert(tmp_path / "model", num_hidden_layers=4)
    monkeypatch.setattr(attempt, "SERVICE", "perturbing_layer")
    with workers_find(SERVICES) as environment:
        inputs = {"model": "model", "exporter": "torchscript", "benchmark-seconds": "0"}
        outcome = program.run(tmp_path, inputs, environment=environment)
    assert outcome.status == 1
    found = outcome.report["validation"]["departure"]
    assert found["part"] == "encoder.layer.2.intermediate.dense"
    assert "The first part of the model that departs is **encoder.layer.2.intermediate.dense**" in outcome.summary
    differences = {step["part"]: step["difference"] for step in found["steps"]}
    assert differences["encoder.layer.2.intermediate.dense"] > 1e-3
    assert differences["encoder.layer.3"] > 1e-4
    before = list(differences)[: list(differences).index(found["part"])]
    assert before
    assert all(differences[part] < 1e-5 for part in before)


UNDERFLOW = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.large = torch.nn.Linear(8, 8)
        with torch.no_grad():
            self.large.weight *= 1e20

    def forward(self, x):
        h = self.large(x)
        return (h * 1e-30) @ (h.transpose(-1, -2) * 1e-30) * 1e20

def make():
    torch.manual_seed(0)
    return Net()

def example_inputs():
    return torch.randn(3, 5, 8)
"""


def test_main__tells_a_wrong_optimisation_from_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(UNDERFLOW)  # ONNX Runtime multiplies the two factors first, which gives zero
    inputs = {"model": "net.py:make", "exporter": "torchscript", "benchmark-seconds": "0"}
    outcome = program.run(tmp_path, inputs)
    assert outcome.status == 1, outcome.log
    assert outcome.report["validation"]["unoptimised"]["passed"]
    assert outcome.report["validation"]["optimisation"] == "ORT_ENABLE_ALL"
    assert (
        "Run without graph optimisation (`ORT_DISABLE_ALL`), the same file gives the model's answers" in outcome.summary
    )
    assert "run the file with it turned off" in outcome.summary


@pytest.mark.parametrize("exporter", ["torchscript", "torch"])
def test_find__every_route_says_which_part_a_tensor_is(
    models: Callable[[str], Path], tmp_path: Path, exporter: str
) -> None:
    service = Service()
    asked = {"task": "text-generation", "dtype": "fp32", "trust_remote_code": False}
    service.load("transformers", path=str(models("llama")), threads=1, **asked)
    answered = service.answer(str(tmp_path), [1, 2], [7, 9])
    (tmp_path / "onnx").mkdir()
    file = tmp_path / "onnx" / "model.onnx"
    service.export(exporter, 18, str(file))
    case = answered["cases"][0]["file"]
    parts, (inputs, _) = service.trace(case), case_values.read(case)

    def found() -> departure.Departure | None:
        return departure.find(file, inputs, parts, "fp32", "a case", tmp_path)

    assert found() is None
    model = onnx.load(file)
    change_weight(
        model, _name_of(model, service._subject.module.model.model.layers[1].mlp.up_proj.weight), lambda a: a * 1.01
    )
    file.write_bytes(model.SerializeToString())
    departed = found()
    assert departed is not None
    assert departed.part == "model.layers.1.mlp.up_proj"


def _name_of(model: onnx.ModelProto, weight: torch.Tensor) -> str:
    """The initializer with these values, whichever way round."""
    sought = weight.detach()
    for tensor in model.graph.initializer:
        values = torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
        if any(each.shape == sought.shape and torch.equal(each, sought) for each in (values, values.T)):
            return str(tensor.name)
    raise AssertionError("no initializer holds this weight")


class Choosing(torch.nn.Module):  # type: ignore[misc]  # torch is not followed by the type checker
    def forward(self, scores: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"best": scores.topk(2, dim=-1).values}


@pytest.mark.parametrize(
    ("scores", "tied"),
    [
        ([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], 0),
        ([[3.0, 3.0, 1.0], [1.0, 2.0, 3.0]], 0),  # equals that are both taken leave no choice
        ([[3.0, 1.0, 1.0], [2.0, 2.0, 2.0]], 2),
        ([[3.0, float("-inf"), float("-inf")], [0.5, 0.0, 0.0]], 1),  # what is ruled out says nothing
        ([[3.0, 1.0]], 0),
    ],
)
def test_ties__are_those_between_what_is_taken_and_what_is_left(scores: list[list[float]], tied: int) -> None:
    said = ties.sentence(NamedModule(Choosing(), ("scores",), options={}), {"scores": torch.tensor(scores)})
    assert f"in {tied} of the model's 2 choices of the best few: " in said if tied else not said
