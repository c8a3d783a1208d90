"""Factories, saved programs and example inputs that are wrong: one sentence each, and nothing else is lost."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from onnx_export_action.exporters.attempt import SERVICE
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from tests.integration import custom_models, program
from tests.integration.program import assert_error
from tests.unit.sources.models import RecordingLog


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One exporting worker for all that only `load` can say: a wrong model leaves it as it was."""
    with Worker(Path(sys.executable), SERVICE, Host(300, 10**11, None, {"PATH": os.environ["PATH"]}), log) as started:
        yield started


log = RecordingLog()


def load(worker: Worker, path: Path, kind: str = "module", **asked: Any) -> Any:
    given = {"task": "auto", "threads": 1, "dtype": "fp32", "entry": "make", "examples_file": None, "packages": None}
    return worker.call("load", kind=kind, path=str(path), workspace=str(path.parent), **{**given, **asked})


def loaded_and_answered(worker: Worker, path: Path, kind: str, **asked: Any) -> None:
    load(worker, path, kind, **asked)
    worker.call("answer", folder=str(path.parent), batch_sizes=[1, 2], sequence_lengths=[7])


def failure(worker: Worker, path: Path, kind: str = "module", **asked: Any) -> WorkerFailure:
    with pytest.raises(WorkerFailure) as caught:
        loaded_and_answered(worker, path, kind, **asked)
    assert caught.value.kind == "usage"
    assert caught.value.hint
    return caught.value


LINEAR = "import torch\ndef make(): return torch.nn.Linear(3, 2)\n"
INPUTS = "def example_inputs(): return torch.randn(2, 3)\n"
FAULTS = {
    "raises": ("def make(): raise ValueError('no\\nluck')", "`make` raises ValueError: no"),
    "raises on import": ("raise KeyError(3)\ndef make(): ...", "case.py raises KeyError: 3"),
    "exits": ("import sys\ndef make(): sys.exit(7)", "`make` raises SystemExit: 7"),
    "is interrupted": ("def make(): raise KeyboardInterrupt", "`make` raises KeyboardInterrupt"),
    "recurses": ("def make(): return make()", "`make` raises RecursionError"),
    "lacks a package": ("import nothing_of_that_name\ndef make(): ...", "No module named 'nothing_of_that_name'"),
    "returns none": ("def make(): ...", "`make` returns a NoneType, not a torch.nn.Module"),
    "returns a class": ("import torch\ndef make(): return torch.nn.ReLU", "`make` returns a type, not a"),
    "wants arguments": ("def make(size): ...", "`make` raises TypeError: make() missing 1 required"),
    "has another name": ("def made(): ...", "case.py has no callable 'make'"),
    "has no inputs": (LINEAR, "There are no example inputs"),
    "inputs raise": (LINEAR + "def example_inputs(): 1 / 0", "`example_inputs` raises ZeroDivisionError"),
    "inputs do not fit": (LINEAR + "def example_inputs(): return torch.randn(2, 4)", "fails on its own example inputs"),
    "inputs without tensor": (LINEAR + "def example_inputs(): return 3", "The example inputs hold no tensor"),
    "inputs of a class": (LINEAR + "def example_inputs(): return object()", "`input` is a object, in which no tensors"),
    "axes of no input": (LINEAR + INPUTS + "dynamic_axes = {'y': {0: 'b'}}", "names 'y', which is no input"),
    "axes too many": (LINEAR + INPUTS + "dynamic_axes = {'input': {2: 'b'}}", "names axis 2 of input, which has 2"),
    "axes of a type": (LINEAR + INPUTS + "dynamic_axes = 3", "`dynamic_axes` is a int"),
    "axes of two sizes": (LINEAR + INPUTS + "dynamic_axes = {'input': {0: 'b', 1: 'b'}}", "of the sizes 2 and 3"),
    "axes that are fixed": (LINEAR + INPUTS + "dynamic_axes = {'input': {1: 'width'}}", "at no other size than 3"),
    "answers no tensor": (
        "import torch\nclass M(torch.nn.Module):\n def forward(self, x): return 'x'\nmake = M\n"
        "example_inputs = lambda: torch.ones(2)", "gives no output tensor"),
    "answers by chance": (
        "import torch\nclass M(torch.nn.Module):\n def forward(self, x): return torch.rand(3)\nmake = M\n"
        "example_inputs = lambda: torch.ones(2)", "gives another `output` each time"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "sentence"), FAULTS.values(), ids=FAULTS)
def test_factory__that_is_wrong(worker: Worker, tmp_path: Path, code: str, sentence: str) -> None:
    (tmp_path / "case.py").write_text(code)
    assert sentence in failure(worker, tmp_path / "case.py").cause


FILES: dict[str, tuple[str, Any, str]] = {
    "no JSON": ("x.json", b"{", "JSONDecodeError"),
    "other names": ("x.json", b'{"y": [[1.0, 2, 3]]}', "fails on its own example inputs"),
    "too deep": ("x.json", b"[" * 10**5 + b"]" * 10**5, "cannot be read: RecursionError"),
    "no archive": ("x.npz", b"npz", "cannot be read"),
    "another type": ("x.npz", {"input": np.ones((2, 3), np.int64)}, "fails on its own example inputs"),
    "pickled": ("x.npz", {"input": np.array([object()])}, "cannot be read: ValueError: Object arrays"),
}


@pytest.mark.parametrize(("name", "content", "sentence"), FILES.values(), ids=FILES)
def test_example_file__that_is_wrong(worker: Worker, tmp_path: Path, name: str, content: Any, sentence: str) -> None:
    (tmp_path / "case.py").write_text(LINEAR)
    file = tmp_path / name
    file.write_bytes(content) if isinstance(content, bytes) else np.savez(file, **content)
    assert sentence in failure(worker, tmp_path / "case.py", examples_file=str(file)).cause


def test_factory__that_forks_or_prints_disturbs_nothing(worker: Worker, tmp_path: Path) -> None:
    code = "import os, torch\ndef make():\n os.write(1, b'out\\n'); os.fork(); return torch.nn.Linear(3, 2)\n"
    (tmp_path / "case.py").write_text(code + INPUTS)
    for _ in range(3):
        assert load(worker, tmp_path / "case.py")["architecture"] == "Linear"


@pytest.mark.parametrize("kind", ["torchscript", "program"])
def test_saved_program__of_another_version(worker: Worker, tmp_path: Path, kind: str) -> None:
    made, changed = custom_models.saved(kind, tmp_path), tmp_path / f"other{custom_models.SUFFIXES[kind]}"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith("/version") and kind == "torchscript":
                content = b"999\n"
            if entry.filename.endswith("model.json"):
                content = json.dumps({**json.loads(content), "schema_version": {"major": 999, "minor": 0}}).encode()
            new.writestr(entry.filename, content)
    found = failure(worker, changed, kind)
    assert f"torch {torch.__version__.partition('+')[0]} cannot load {changed.name}" in found.cause
    assert "Save it again with this version of torch" in found.hint


def test_torchscript__without_example_inputs(worker: Worker, tmp_path: Path) -> None:
    found = failure(worker, custom_models.saved("torchscript", tmp_path), "torchscript")
    assert "holds no example inputs" in found.cause
    assert "dtype: fp16" in failure(worker, tmp_path / "model.pt", "torchscript", dtype="fp16").cause


def test_program__never_unpickles(worker: Worker, tmp_path: Path) -> None:
    made, changed = custom_models.saved("program", tmp_path), tmp_path / "hostile.pt2"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            sample = entry.filename.endswith("sample_inputs/model.pt")
            content = custom_models.pickled_call(tmp_path / "ran") if sample else old.read(entry)
            new.writestr(entry.filename, content)
    assert "cannot load hostile.pt2" in failure(worker, changed, "program").cause
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os\ndef make(): os._exit(5)", "It ended with status 5 before it answered"),
        ("import time\ndef make():\n while True: time.sleep(1)", "The limit of 3 s was reached during `load`"),
        ("import os\ndef make(): os.abort()", "It crashed with SIGABRT"),
    ],
    ids=["exits", "hangs", "crashes"],
)
def test_run__factory_that_takes_its_worker_down(tmp_path: Path, code: str, sentence: str) -> None:
    (tmp_path / "model.py").write_text(code)
    timeout = "3" if "while" in code else "300"
    outcome = program.run(tmp_path, {"model": "model.py:make", "timeout": timeout, "baseline": "none"})
    assert_error(outcome, 2, f"model.py:make cannot be loaded: {sentence}")
    assert [attempt["exporter"] for attempt in outcome.attempts] == ["torchscript"]
    assert "attempts/torchscript.txt" in outcome.names()


@pytest.mark.parametrize(
    ("inputs", "sentences"),
    [
        ({"model": "model.py"}, ["model.py is Python code", "model: model.py:factory"]),
        ({"model": "model.py:"}, ["'' names no callable"]),
        ({"model": "model.py:a-b"}, ["'a-b' names no callable"]),
        ({"model": "none.py:make"}, ["'none.py' is no file of the workspace"]),
        ({"model": "bad.py:make"}, ["bad.py is not valid Python (line 2)"]),
        ({"model": "weights.pt"}, ["weights.pt holds pickled weights", "model: file.py:factory"]),
        ({"model": "cut.pt2"}, ["cut.pt2 is no file that `torch.export.save`"]),
        (
            {"model": "model.py:make", "exporter": "optimum"},
            ["optimum cannot export 'model.py:make'", "torchscript or"],
        ),
        ({"model": "model.py:make", "example-inputs": "no.npz"}, ["example-inputs: 'no.npz' is no file"]),
        ({"model": "model.py:make", "example-inputs": "bad.py"}, ["'bad.py' is neither an .npz nor a .json"]),
        ({"model": "model.py:make", "requirements": "no.txt"}, ["requirements: 'no.txt' is no file"]),
        ({"model": "real.pt", "requirements": "bad.py"}, ["requirements: the model 'real.pt' has no use for it"]),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
def test_run__what_needs_no_worker(tmp_path: Path, inputs: dict[str, str], sentences: list[str]) -> None:
    (tmp_path / "model.py").write_text(LINEAR)
    (tmp_path / "bad.py").write_text("x = 1\ndef (")
    torch.save({"w": torch.ones(1)}, tmp_path / "weights.pt")
    (tmp_path / "cut.pt2").write_bytes(b"PK\x03\x04 and no end")
    with zipfile.ZipFile(tmp_path / "real.pt", "w") as archive:
        archive.writestr("real/constants.pkl", b"")
    assert_error(program.run(tmp_path, {"baseline": "none", **inputs}), 2, *sentences)
