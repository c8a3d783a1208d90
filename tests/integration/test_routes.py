"""Every route on real tiny models, through the whole program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from tests.integration import program
from tests.integration.program import Outcome

Exported = Callable[..., Outcome]

# The route, its opset, and what the others must find under these names.
ROUTES = [("optimum", "14"), ("transformers", "20"), ("torch", "21"), ("torchscript", "17")]
TEXT = ["input_ids", "token_type_ids", "attention_mask"]


@pytest.fixture(params=ROUTES, ids=lambda route: route[0])
def by_route(request: pytest.FixtureRequest, exported: Exported) -> tuple[str, int, Outcome]:
    exporter, opset = request.param
    return exporter, int(opset), exported("bert", exporter=exporter, opset=opset)


def test_route__passes_and_says_who_wrote_the_file(by_route: tuple[str, int, Outcome]) -> None:
    exporter, _, outcome = by_route
    assert outcome.status == 0, outcome.log
    assert outcome.report["verdict"] == outcome.outputs["verdict"] == "pass"
    assert outcome.report["export"]["exporter"] == outcome.outputs["exporter"] == exporter
    assert [(attempt["exporter"], attempt["ok"]) for attempt in outcome.attempts] == [(exporter, True)]
    assert outcome.attempts[0]["seconds"] > 0
    assert outcome.attempts[0]["peak_rss_bytes"] > 50_000_000


def test_route__delivers_the_opset_that_it_promised(by_route: tuple[str, int, Outcome]) -> None:
    _, opset, outcome = by_route
    model = onnx.load(outcome.folder / "model.onnx")
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == opset
    assert outcome.report["export"]["opset"] == opset
    assert outcome.outputs["opset"] == str(opset)
    assert outcome.report["export"]["ir_version"] == model.ir_version


def test_route__names_are_those_that_users_know(by_route: tuple[str, int, Outcome]) -> None:
    graph = by_route[2].report["graph"]
    assert sorted(tensor["name"] for tensor in graph["inputs"]) == sorted(TEXT)
    assert "last_hidden_state" in [tensor["name"] for tensor in graph["outputs"]]


def test_route__every_axis_is_proven_at_several_sizes(by_route: tuple[str, int, Outcome]) -> None:
    axes = {(axis["input"], axis["axis"]): axis for axis in by_route[2].report["validation"]["dynamic_axes"]}
    assert set(axes) >= {(name, axis) for name in TEXT for axis in (0, 1)}
    assert all(axis["proven"] and axis["declared"] and axis["wanted"] for axis in axes.values())
    assert axes["input_ids", 0]["sizes"] == [1, 2, 5, 9]
    assert axes["input_ids", 1]["sizes"] == [1, 7, 9, 17, 33, 128, 160]


def test_route__file_runs_at_a_size_that_nobody_tried(by_route: tuple[str, int, Outcome]) -> None:
    session = onnxruntime.InferenceSession(by_route[2].folder / "model.onnx", providers=["CPUExecutionProvider"])
    feed = {name: np.ones((4, 21), dtype=np.int64) for name in TEXT}
    feed["token_type_ids"][:] = 0
    assert session.run(["last_hidden_state"], feed)[0].shape == (4, 21, 32)


def test_route__proof_covers_shapes_and_padding(by_route: tuple[str, int, Outcome]) -> None:
    validation = by_route[2].report["validation"]
    shapes = {case["shape"] for case in validation["cases"]}
    assert shapes >= {f"batch 1, sequence {length}" for length in (7, 33)}
    assert shapes >= {f"batch {size}, sequence {length}, right padding" for size in (2, 5) for length in (7, 33)}
    assert "batch 2, sequence 33, left padding" in shapes
    assert validation["reference"] == "pytorch"
    assert 0 < validation["max_abs_diff"] < 1e-4


def test_torchscript__opset_13_on_a_distilbert_classifier(exported: Exported) -> None:
    outcome = exported("distilbert", exporter="torchscript", opset="13", task="text-classification")
    assert outcome.status == 0, outcome.log
    assert outcome.outputs["opset"] == "13"
    model = onnx.load(outcome.folder / "model.onnx")
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == 13
    shapes = {value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
              for value in (*model.graph.input, *model.graph.output)}  # fmt: skip
    assert shapes == {
        "input_ids": ["batch_size", "sequence_length"],
        "attention_mask": ["batch_size", "sequence_length"],
        "logits": ["batch_size", 2],
    }
    assert all(axis["proven"] for axis in outcome.report["validation"]["dynamic_axes"])


def test_optimum__opset_13_fails_alone_with_cause_and_hint(exported: Exported) -> None:
    outcome = exported("distilbert", exporter="optimum", opset="13", task="text-classification")
    assert outcome.status == 3
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "error"
    assert [attempt["exporter"] for attempt in outcome.attempts] == ["optimum"]
    assert "scaled_dot_product_attention" in outcome.attempts[0]["cause"]
    assert "exporter: torchscript" in outcome.attempts[0]["hint"]
    assert "scaled_dot_product_attention" in outcome.failure
    assert "exporter: torchscript" in outcome.failure
    assert "scaled_dot_product_attention" in (outcome.folder / "attempts" / "optimum.txt").read_text()
    assert "model.onnx" not in outcome.names()
    assert "::error " in outcome.log


@pytest.mark.parametrize(
    ("name", "task", "inputs", "output"),
    [
        ("llama", "text-generation", {"input_ids", "attention_mask"}, "logits"),
        ("vit", "image-classification", {"pixel_values"}, "logits"),
        ("t5", "text2text-generation", {"input_ids", "attention_mask", "decoder_input_ids"}, "logits"),
    ],
)
def test_auto__exports_every_modality(exported: Exported, name: str, task: str, inputs: set[str], output: str) -> None:
    outcome = exported(name)
    assert outcome.status == 0, outcome.log
    assert outcome.report["model"]["task"] == task
    assert {tensor["name"] for tensor in outcome.report["graph"]["inputs"]} == inputs
    assert outcome.report["graph"]["outputs"][0]["name"] == output
    wanted = [axis for axis in outcome.report["validation"]["dynamic_axes"] if axis["wanted"]]
    assert all(axis["proven"] for axis in wanted)
    assert {axis["input"] for axis in wanted} == inputs


def test_auto__an_image_size_that_the_architecture_fixes_has_its_reason(exported: Exported) -> None:
    outcome = exported("vit")
    fixed = {axis["name"]: axis for axis in outcome.report["validation"]["dynamic_axes"] if not axis["wanted"]}
    assert list(fixed) == ["height", "width"]
    assert fixed["height"]["sizes"] == [32]
    assert fixed["height"]["reason"].startswith("the model itself refuses 48: Input image size (48*48) doesn't match")
    assert "fixed: the model itself refuses 48: Input image size" in outcome.summary


def test_auto__images_of_any_height_and_width_where_the_model_takes_them(exported: Exported) -> None:
    outcome = exported("resnet")
    assert outcome.status == 0, outcome.log
    assert [attempt["exporter"] for attempt in outcome.attempts] == ["torchscript"]
    axes = {axis["name"]: axis for axis in outcome.report["validation"]["dynamic_axes"]}
    assert all(axis["wanted"] and axis["proven"] for axis in axes.values())
    assert axes["height"]["sizes"] == [64, 96]
    assert axes["width"]["sizes"] == [64, 96, 128]


def test_auto__one_size_where_no_route_is_right_at_others(exported: Exported) -> None:
    outcome = exported("resnet_of_one_size", exporter="torchscript", trust_remote_code="true")
    assert outcome.status == 0, outcome.log
    assert [attempt["ok"] for attempt in outcome.attempts] == [False, True]
    height = next(axis for axis in outcome.report["validation"]["dynamic_axes"] if axis["name"] == "height")
    assert (height["declared"], height["sizes"]) == (False, [64])
    assert height["reason"].startswith("the model takes 96 too, but no route wrote a file for any size; torchscript: ")
    assert "1.5 times the usual size" in height["reason"]


def test_auto__goes_on_where_torchscript_cannot(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def forward(self, x):\n"
        "        return torch.sinc(x)\n"
        "make, example_inputs = Net, lambda: {'x': torch.randn(3, 8)}\n"
    )
    outcome = program.run(tmp_path, {"model": "net.py:make", "benchmark-seconds": "0", "baseline": "none"})
    assert outcome.status == 0, outcome.log
    first, *_, last = outcome.attempts
    assert (first["exporter"], last["ok"]) == ("torchscript", True)
    assert "aten::sinc" in first["cause"]
    assert outcome.outputs["exporter"] == last["exporter"] != "torchscript"


def test_auto__proves_speech_recognition(exported: Exported) -> None:
    outcome = exported("whisper")
    assert outcome.status == 0, outcome.log
    assert outcome.report["model"]["task"] == "automatic-speech-recognition"
