"""`validate FILE --model MODEL`: a file that exists already, held to its model's own answers."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from platform import machine
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from onnx_export_action.exporters import attempt
from onnx_export_action.records import Model
from onnx_export_action.workers.client import Worker
from tests.integration import program, tiny
from tests.integration.program import Outcome, assert_error
from tests.integration.test_bad_models import rewrite_weights, without_a_layer


@pytest.fixture
def workspace(exported: Callable[..., Outcome], models: Callable[[str], Path], tmp_path: Path) -> Path:
    """A model, and the file that was once exported from it, with its weights beside it."""
    shutil.copytree(models("bert"), tmp_path / "bert")
    source = exported("bert", exporter="torchscript", opset="17").folder / "model.onnx"
    (tmp_path / "made").mkdir()
    external = {"save_as_external_data": True, "location": "data/weights.bin", "size_threshold": 0}
    (tmp_path / "made" / "data").mkdir()
    onnx.save(onnx.load(source), tmp_path / "made" / "model.onnx", **external)
    return tmp_path


def validate(workspace: Path, file: str, model: str = "bert", **inputs: str) -> Outcome:
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    flags = [
        "validate",
        str(workspace / file),
        *(part for name, value in given.items() for part in (f"--{name}", value)),
    ]
    return program.run(workspace, {"model": model}, flags=flags)


def test_validate__a_right_file_in_a_folder_with_its_data(workspace: Path) -> None:
    outcome = validate(workspace, "made", opset="17")
    assert outcome.status == 0, outcome.log
    report = outcome.report
    assert report["validation"]["reference"] == "pytorch"
    assert len(report["validation"]["cases"]) >= 8
    assert all(axis["passed"] for axis in report["validation"]["dynamic_axes"])
    assert report["export"]["attempts"] == []
    assert report["export"]["exporter"] is None
    assert report["export"]["checked"] == "made/model.onnx"
    assert "transformers 5" in report["export"]["reference"]
    assert report["benchmark"] is None
    assert report["model"]["architecture"] == "BertModel"
    assert {"model.onnx", "data/weights.bin", "tokenizer.json"} <= outcome.names()
    assert "made/model.onnx" in outcome.summary
    assert "onnx-export-action validate " in report["reproduce"]


def index_of(folder: Path, version: str) -> dict[str, str]:
    """An index without a network: the installed ONNX Runtime under an older number, as the only wheel there is."""
    package = Path(onnxruntime.__file__).parent
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    name, folder = f"onnxruntime-{version}", folder / "index"
    folder.mkdir()
    tag = f"{python}-{python}-linux_{machine()}"
    described = {
        "METADATA": f"Metadata-Version: 2.1\nName: onnxruntime\nVersion: {version}\n",
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-{tag}.whl", "w") as wheel:
        for path in (path for path in package.rglob("*") if path.is_file() and "tools" not in path.parts):
            wheel.write(path, Path("onnxruntime") / path.relative_to(package))
        for file, text in described.items():
            wheel.writestr(f"{name}.dist-info/{file}", text)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "HOME": str(folder)}


def in_target(workspace: Path, version: str, index: dict[str, str]) -> Outcome:
    flags = ["validate", str(workspace / "made"), "--target", f"onnxruntime>={version}", "--target-check", "install"]
    return program.run(workspace, {"model": "bert"}, flags=flags, environment=index)


def test_validate__in_a_runtime_that_is_installed_for_it(workspace: Path) -> None:
    outcome = in_target(workspace, "1.20", index_of(workspace, "1.20.7"))
    assert outcome.status == 0, outcome.log
    check = next(check for check in outcome.report["validation"]["checks"] if check["name"] == "target runtime, run")
    assert re.fullmatch(r"onnxruntime \S+ loads the file and gives the answers in all \d+ cases", check["detail"])
    assert "Install onnxruntime==1.20.*" in outcome.log


def test_validate__a_wrong_file_by_the_limits_asked_for(workspace: Path) -> None:
    file = workspace / "made" / "model.onnx"
    model = onnx.load(file)
    weight = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    changed = onnx.numpy_helper.to_array(weight) * np.float32(1.01)
    weight.CopyFrom(onnx.numpy_helper.from_array(changed, weight.name))
    onnx.save(model, workspace / "wrong.onnx")
    outcome = validate(workspace, "wrong.onnx")
    assert outcome.status == 1, outcome.log
    assert outcome.outputs["verdict"] == "fail"
    assert "the ONNX file does not give the model's answers" in outcome.summary
    assert {"model.failed.onnx"} <= outcome.names()
    assert validate(workspace, "wrong.onnx", atol="1", rtol="1", benchmark_seconds="0.2").status == 0


def test_validate__against_another_model(workspace: Path) -> None:
    tiny.vit(workspace / "vit")
    outcome = validate(workspace, "made", model="vit")
    assert outcome.status == 1, outcome.log
    assert "input names" in outcome.summary


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("nothing.onnx", "is no .onnx file, and no folder with a model.onnx"),
        ("bert", "is no .onnx file, and no folder with a model.onnx"),
        ("onnx-validation/model.onnx", "lies in the output folder"),
        ("text.onnx", "text.onnx is not a readable ONNX file"),
        ("foreign.onnx", "foreign.onnx cannot be used: it needs the custom operator Secret of my.domain"),
    ],
)
def test_validate__what_is_no_file_to_prove(workspace: Path, file: str, sentence: str) -> None:
    (workspace / "text.onnx").write_text("this is a text")
    node = onnx.helper.make_node("Secret", ["x"], ["y"], domain="my.domain")
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = onnx.helper.make_graph([node], "g", value[:1], value[1:])
    onnx.save(onnx.helper.make_model(graph), workspace / "foreign.onnx")
    outcome = validate(workspace, file)
    assert outcome.status == 2, outcome.log
    assert sentence in outcome.failure


def test_validate__needs_a_model_that_is_none_itself(workspace: Path) -> None:
    outcome = validate(workspace, "made", model="made/model.onnx")
    assert outcome.status == 2
    assert "onnx-file: the model is an .onnx too" in outcome.failure


@pytest.mark.parametrize("exporter", ["auto", "optimum"])
def test_validate__a_model_without_a_weight(workspace: Path, exporter: str) -> None:
    """The loader of either transformers would make it up."""
    rewrite_weights(workspace / "bert", without_a_layer)
    assert_error(validate(workspace, "made", exporter=exporter), 2, "2 weights are missing", "output.dense.bias")


def test_cross_check__says_how_far_the_two_transformers_are_apart(workspace: Path) -> None:
    outcome = validate(workspace, "made", cross_check="true")
    assert outcome.status == 0, outcome.log
    check = next(check for check in outcome.report["validation"]["checks"] if check["name"] == "cross-check")
    assert re.match(
        r"transformers 4\.57\.\d+ and torch \S+, transformers 5\.\S+: at most [\d.e-]+ apart in \d+ cases",
        check["detail"],
    )


def test_cross_check__fails_beyond_the_limits(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other interpreter gets another model, as a version that computes something else would answer."""
    other = workspace / "other"
    shutil.copytree(workspace / "bert", other)
    rewrite_weights(other, lambda weights: weights.update({name: value * 1.5 for name, value in weights.items()}))
    load = attempt.load

    def loaded(worker: Worker, model: Model, *rest: Any) -> dict[str, Any]:
        second = any((workspace / "onnx-validation").rglob("cross-check"))
        return load(worker, model.model_copy(update={"path": str(other)}) if second else model, *rest)

    monkeypatch.setattr(attempt, "load", loaded)
    outcome = validate(workspace, "made", cross_check="true")
    assert outcome.status == 1, outcome.log
    assert "The check `cross-check` did not pass" in outcome.summary
    assert "model.failed.onnx" in outcome.names()
    assert "model.onnx" not in outcome.names()
