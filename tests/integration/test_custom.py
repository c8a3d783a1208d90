"""Modules and programs that are no checkpoint, through the whole program: exported, proven, and what is reported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.integration import custom_models, program
from tests.integration.program import Outcome


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The nested module, with a package of its requirements that comes from a folder of wheels."""
    workspace = custom_models.nested(tmp_path_factory.mktemp("nested"))
    custom_models.wheel(
        workspace / "wheels", "tinyscale", "1.0", "import tinybase\nFACTOR = tinybase.FACTOR", "tinybase"
    )
    custom_models.wheel(workspace / "wheels", "tinybase", "2.0", "import torch\nFACTOR = 3.0", "torch>=2")
    (workspace / "needs.txt").write_text("tinyscale==1.0\nnumpy\n")
    inputs = {
        "model": "net.py:make",
        "requirements": "needs.txt",
        "variants": "int8-dynamic",
        "benchmark-seconds": "0.2",
    }
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(workspace / "wheels"), "GITHUB_TOKEN": "ghs_secret"}
    return program.run(workspace, {**inputs, "baseline": "none", "github-token": "ghs_secret"}, environment=offline)


def test_factory__is_proven_at_sizes_of_every_axis(nested: Outcome) -> None:
    assert nested.status == 0, nested.log
    assert nested.report["model"]["id"] == "net.py:make"
    assert nested.report["model"]["kind"] == "module"
    assert nested.report["model"]["architecture"] == "Net"
    validation = nested.report["validation"]
    axes = {(axis["input"], axis["axis"]): axis for axis in validation["dynamic_axes"]}
    assert {place: axis["name"] for place, axis in axes.items()} == {
        ("x", 0): "batch", ("state.h.0", 0): "batch", ("state.h.0", 1): "time"
    }  # fmt: skip
    assert all(axis["proven"] and len(axis["sizes"]) > 2 for axis in axes.values())
    assert [case["shape"] for case in validation["cases"]][:2] == ["batch 3, time 5", "batch 1, time 5"]
    assert {output["output"] for output in validation["cases"][0]["outputs"]} == {"y", "z.0", "z.1", "x.out"}
    assert nested.report["benchmark"]["timings"]
    assert nested.report["variants"][0]["name"] == "int8-dynamic"


def test_factory__has_a_file_with_the_names_of_its_nesting(nested: Outcome) -> None:
    model = onnx.load(nested.folder / "model.onnx")
    assert [value.name for value in model.graph.input] == ["x", "state.h.0"]
    assert [value.name for value in model.graph.output] == ["y", "z.0", "z.1", "x.out"]


def test_factory__what_it_prints_is_no_command(nested: Outcome) -> None:
    assert "::error::from the model" in nested.log
    assert not [line for line in nested.log.splitlines() if line.startswith("::error")]


def test_factory__leaves_nothing_in_the_workspace_and_no_fingerprint(nested: Outcome) -> None:
    left = {path.name for path in nested.folder.parent.iterdir() if not path.name.startswith(".")}
    assert left == {"net.py", "parts.py", "here.txt", "needs.txt", "wheels", "onnx-export"}
    assert not nested.report["fingerprint"]
    assert not [name for name in nested.names() if "packages" in name]


def test_requirements__only_what_the_program_has_not(nested: Outcome) -> None:
    assert "2 packages beside the program's own: tinybase==2.0, tinyscale==1.0" in nested.log


@pytest.mark.parametrize(
    ("needs", "sentence"),
    [
        ("nothing-of-that-name", "Could not find a version that satisfies the requirement nothing-of-that-name"),
        ("numpy==1.20", "It needs another version of a package that this program has"),
        ("not a requirement!", "Invalid requirement"),
        ("tinysource", "Could not find a version that satisfies the requirement tinysource"),
    ],
)
def test_requirements__that_cannot_be_installed(tmp_path: Path, needs: str, sentence: str) -> None:
    workspace = custom_models.nested(tmp_path)
    (workspace / "needs.txt").write_text(f"{needs}\n")
    (workspace / "wheels").mkdir()
    (workspace / "wheels" / "tinysource-1.0.tar.gz").write_bytes(b"a source distribution is never run")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(workspace / "wheels")}
    inputs = {"model": "net.py:make", "requirements": "needs.txt", "baseline": "none"}
    outcome = program.run(workspace, inputs, environment=offline)
    program.assert_error(outcome, 2, "`requirements` cannot be installed: ", sentence, "Only wheels are installed")


def test_program__keeps_its_own_axes_and_names(tmp_path: Path) -> None:
    custom_models.saved("program", tmp_path)
    outcome = program.run(tmp_path, {"model": "model.pt2", "baseline": "none"})
    assert outcome.status == 0, outcome.log
    assert outcome.report["model"]["kind"] == "program"
    assert outcome.report["export"]["exporter"] == "torch"
    axes = {(axis["input"], axis["axis"]): axis["proven"] for axis in outcome.report["validation"]["dynamic_axes"]}
    assert axes == {("x", 0): True, ("state.h", 0): True, ("state.h", 1): True}
    assert outcome.report["fingerprint"]


def test_torchscript__keeps_its_branches(tmp_path: Path) -> None:
    custom_models.saved("torchscript", tmp_path)
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "inputs.npz", x=generator.standard_normal((4, 8)).astype(np.float32))
    outcome = program.run(tmp_path, {"model": "model.pt", "example-inputs": "inputs.npz", "baseline": "none"})
    assert outcome.status == 0, outcome.log
    assert outcome.report["export"]["exporter"] == "torchscript"
    warned = "No `dynamic_axes` are declared: axis 0 of x was found to be dynamic, all others fixed."
    assert warned in outcome.report["warnings"]
    graph = onnx.load(outcome.folder / "model.onnx").graph
    assert "If" in {node.op_type for node in graph.node}
    assert {tensor.name.removeprefix("model.") for tensor in graph.initializer} >= {"linear.bias", "shift"}


def test_factory__with_inputs_in_json_and_a_module_of_fixed_batch(tmp_path: Path) -> None:
    code = (
        "import torch\nclass M(torch.nn.Module):\n def forward(self, a, b): return a.reshape(6) + b['c'][0]\nmake = M\n"
    )
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "fixed.py").write_text("from . import other\n" + code)
    (tmp_path / "pack" / "other.py").write_text("")
    (tmp_path / "x.json").write_text(json.dumps([[[1.0, 2, 3], [4, 5, 6]], {"c": [[1, 2, 3, 4, 5, 6], "text"]}]))
    inputs = {"model": "pack/fixed.py:make", "example-inputs": "x.json", "exporter": "torch", "baseline": "none"}
    outcome = program.run(tmp_path, inputs)
    assert outcome.status == 0, outcome.log
    assert [case["shape"] for case in outcome.report["validation"]["cases"]] == ["the example inputs"]
    fixed = "No `dynamic_axes` are declared, and the model answers at no other batch size: every axis is fixed."
    assert fixed in outcome.report["warnings"]
    assert [tensor["name"] for tensor in outcome.report["graph"]["inputs"]] == ["a", "b.c.0"]
    shutil.rmtree(tmp_path)
