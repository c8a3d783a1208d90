"""Real failures of real exporters, each with the sentence that a person gets; one process for them all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onnx_export_action.exporters import attempt
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from tests.integration import program
from tests.unit.sources.models import RecordingLog

_WHERE = "in failing.py, line "

FAILURES = [
    ("attention", "torchscript", 13, "scaled_dot_product_attention has no form at opset 13; opset 14 has one.", "14"),
    ("svd", "torchscript", 13, "The operator aten::linalg_svd has no form in this exporter", "exporter: torch`"),
    ("sparse", "torchscript", 17, "The operator aten::to_sparse has no form in this exporter", "exporter: torch`"),
    ("custom", "torchscript", 17, "the custom operator mine::secret, which ONNX does not know", "own operators"),
    ("complex", "torchscript", 17, "complex numbers, which ONNX does not have", "real numbers"),
    ("imports", "torchscript", 17, "needs the package flash_attn, which is not installed", "an image in which"),
    ("memory", "torchscript", 17, "There was no memory for a tensor of 4000000000000000 bytes.", "more memory"),
    ("recursion", "torchscript", 17, f"The model calls itself without end {_WHERE}", "repair its code"),
    ("exits", "torchscript", 17, f"ended the process with status 3 {_WHERE}", "call of `exit`"),
    ("text", "torchscript", 17, "The model's answer is no tensor.", "Choose another `task`"),
    ("meta", "torchscript", 17, f"made on the device `meta` and never filled {_WHERE}", "save_pretrained"),
    ("dtypes", "torchscript", 17, f"Two tensors of the model have different dtypes {_WHERE}", "dtype: fp32`"),
    ("shapes", "torchscript", 17, f"Two tensors in the model do not fit each other {_WHERE}", "Check `task`"),
    ("twins", "torchscript", 17, f"Two tensors in the model do not fit each other {_WHERE}", "Check `task`"),
    ("fine", "torchscript", 30, "This exporter does not write opset 30.", "docs/exporters.md"),
    ("attention", "torch", 18, "attention without its heads", "exporter: torchscript`"),
    ("svd", "torch", 18, "The operator aten._linalg_svd has no ONNX form in this exporter.", "exporter: transformers`"),
    ("custom", "torch", 18, "the custom operator mine::secret, which ONNX does not know", "own operators"),
    ("branch", "torch", 18, "in _branches: `if x.sum() > 0:`.", "torch.where"),
    ("math", "torch", 18, f"branches on the values of its inputs, or takes a size from them, {_WHERE}", "torch.where"),
    ("value", "torch", 18, "branches on the values of its inputs, or takes a size from them,", "torch.where"),
    ("unrolled", "torch", 18, "The model fixes axis 0 of an input to the sample's size 3.", "exporter: torchscript`"),
    ("twins", "torch", 18, "wants an axis of size 4, and the sample has 13", "sequence-lengths`"),
    ("sparse", "torch", 18, "The operator aten._to_sparse.default cannot be captured by torch.export", "torchscript`"),
    ("shapes", "torch", 18, f"Two tensors in the model do not fit each other {_WHERE}", "Check `task`"),
]  # fmt: skip


@pytest.fixture(scope="module")
def failing() -> Iterator[Worker]:
    with program.workers_find(program.SERVICES) as environment:
        host = Host(3600, 1 << 34, None, {**environment, "TMPDIR": os.environ.get("TMPDIR", "/tmp")})
        with Worker(interpreters.main(), "failing", host, RecordingLog()) as worker:
            yield worker


def sentence_of(worker: Worker, operation: str, **arguments: object) -> WorkerFailure:
    with pytest.raises(WorkerFailure) as caught:
        worker.call(operation, **arguments)
    return attempt.explained(caught.value)


@pytest.mark.parametrize(("name", "exporter", "opset", "sentence", "remedy"), FAILURES)
def test_export__a_failure_has_a_cause_and_a_remedy(
    failing: Worker, name: str, exporter: str, opset: int, sentence: str, remedy: str
) -> None:
    found = sentence_of(failing, "fail", name=name, exporter=exporter, opset=opset)
    assert sentence in found.cause
    assert remedy in found.hint
    assert str(Path(__file__).parent) not in found.cause
    assert found.kind == ("surroundings" if name == "memory" else "unknown")


def test_export__to_a_full_disk(failing: Worker) -> None:
    found = sentence_of(failing, "fail", name="fine", exporter="torchscript", opset=17, file="/dev/full")
    assert (found.cause, found.kind) == ("The disk is full.", "surroundings")


@pytest.mark.parametrize(
    ("config", "options", "sentence"),
    [
        ({"model_type": "bert"}, {"attn_implementation": "flash_attention_2"}, "asks for FlashAttention2"),
        ({"model_type": "nosuch"}, {}, "does not know the architecture nosuch."),
    ],
)
def test_load__a_failure_has_a_cause_and_a_remedy(
    failing: Worker, config: dict[str, object], options: dict[str, str], sentence: str
) -> None:
    found = sentence_of(failing, "load", config=config, **options)
    assert sentence in found.cause
    assert found.hint


def test_load__code_of_the_model_is_not_run(failing: Worker) -> None:
    code = {name: f"mine.{name}" for name in ("AutoConfig", "AutoModel")}
    found = sentence_of(failing, "load_folder", config={"model_type": "mine", "auto_map": code})
    assert found.cause == "The model brings code of its own, and such code is not run."
    assert "trust-remote-code: true`" in found.hint


@pytest.fixture(scope="module")
def optimum() -> Iterator[Worker]:
    with attempt.start("optimum", Host(3600, 1 << 34, None, dict(os.environ)), RecordingLog()) as worker:
        yield worker


@pytest.mark.parametrize(
    ("name", "task", "sentence"),
    [
        ("lfm2", "text-generation", "optimum has no configuration for this architecture."),
        ("t5_classifier", "text-classification", "optimum has no configuration for this architecture with this task."),
    ],
)
def test_export__what_optimum_does_not_know(
    optimum: Worker, models: Callable[[str], Path], tmp_path: Path, name: str, task: str, sentence: str
) -> None:
    asked = {"task": task, "dtype": "fp32", "threads": 1, "trust_remote_code": False}
    optimum.call("load", kind="transformers", path=str(models(name)), **asked)
    optimum.call("answer", folder=str(tmp_path), batch_sizes=[1, 2], sequence_lengths=[7])
    found = sentence_of(optimum, "export", exporter="optimum", opset=18, file=str(tmp_path / "model.onnx"))
    assert (found.cause, found.kind) == (sentence, "unknown")
    assert "another `exporter`" in found.hint


def test_export__what_is_not_known_says_so(failing: Worker) -> None:
    found = sentence_of(failing, "fail", name="nothing of this name", exporter="torch", opset=18)
    assert found.cause.startswith("This failure is not known here. The exporter's last words: KeyError: ")
    assert found.hint == ""
