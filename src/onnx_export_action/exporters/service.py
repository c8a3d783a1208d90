"""The exporting worker: loads the model once, answers the cases, writes the file, times the model.

Runs in the interpreter of the route. Everything it leaves is a file; its replies are plain JSON.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from onnx_export_action.exporters import axes, case_file, pages, rounding, ties, tracing
from onnx_export_action.exporters.early import Early, learned
from onnx_export_action.exporters.lean.importing import complete
from onnx_export_action.exporters.module import array
from onnx_export_action.exporters.subject import SEED, Subject, Trial
from onnx_export_action.exporters.writing import Order
from onnx_export_action.workers.protocol import Refusal
from onnx_export_action.workers.timing import latencies_ms

if TYPE_CHECKING:
    from onnx_export_action.exporters.checkpoint import Checkpoint
    from onnx_export_action.exporters.samples.answering import RealInputs

# By the model's kind: a module whose `load` makes a Subject.
_CHECKPOINT = "transformers"
_LOADERS = {
    _CHECKPOINT: "onnx_export_action.exporters.checkpoint",
    "module": "onnx_export_action.exporters.custom.factory",
    "program": "onnx_export_action.exporters.custom.program",
    "torchscript": "onnx_export_action.exporters.custom.script",
}
# Parameters: below it threads wait for each other longer than they compute, on a busy machine a hundred times as long.
_WORTH_THREADS = 2_000_000
_EVERY_TOKEN = 99  # its case's number: behind all others


class Service:
    """The operations of an exporting worker, in the order they are asked for."""

    _subject: Subject
    _parts: dict[str, Subject]
    _real: RealInputs
    _early: Early | None = None

    def __init__(self) -> None:
        self._axes: dict[str, axes.Axes] = {}

    def load(self, kind: str, task: str, threads: int, **asked: Any) -> dict[str, Any]:
        """Load the model; tells its class and the versions that it runs with."""
        torch.set_num_threads(threads)
        self._threads = threads
        torch.manual_seed(SEED)  # a worker that had another model before draws what a new one draws
        self._task = task
        if kind != _CHECKPOINT:
            complete()  # somebody's code may ask for anything
        self._subject = importlib.import_module(_LOADERS[kind]).load(task=task, **asked)
        self._parts = {subject.name: subject for subject in (self._subject, *self._subject.others)}
        if sum(value.numel() for value in self._subject.module.parameters()) < _WORTH_THREADS:
            torch.set_num_threads(1)
        return {
            "architecture": self._subject.architecture,
            "fixable": self._subject.fixable,
            "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers")},
        }

    def answer(
        self, folder: str, batch_sizes: list[int], sequence_lengths: list[int], ahead: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run every part on every case of its proof; tells of the main one, and of `others` where there are more.

        `ahead` is what `export` will be asked for; it is begun meanwhile where that can be.
        """
        if ahead is not None and len(self._parts) == 1:
            self._early = Early(_order(**ahead), self._task, self._subject)
        main, *others = [
            self._answer(subject, Path(folder), batch_sizes, sequence_lengths) for subject in self._parts.values()
        ]
        return {**main, "others": others, "warnings": list(self._subject.warnings)}

    def write_texts(self, folder: str) -> dict[str, Any]:
        """What the model writes itself, where it does, behind its cases; and what all of these do not try."""
        generations = self._subject.generations(Path(folder))
        notes = [note for subject in self._parts.values() for note in subject.notes]
        return {"generations": generations, "notes": list(dict.fromkeys(notes))}

    def _answer(self, subject: Subject, folder: Path, batch_sizes: list[int], lengths: list[int]) -> dict[str, Any]:
        """Run one part on its cases and write inputs and outputs to `folder` as .npz files."""
        written, refused = list[dict[str, Any]](), list[dict[str, Any]]()
        for index, trial in enumerate(subject.trials(batch_sizes, lengths)):
            tried = self._write(subject, index, trial, folder)
            (written if "file" in tried else refused).append(tried)
            if self._early is not None:
                self._early.after([(entry["inputs"], entry["outputs"]) for entry in written])
        answered = [(entry["inputs"], entry["outputs"]) for entry in written]
        dynamic = axes.answered(subject.axes, [inputs for inputs, _ in answered])
        self._axes[subject.name] = learned(subject, answered)
        masked = self._masked(subject, written[0])
        wanted = {name: {str(axis): label for axis, label in by_axis.items()} for name, by_axis in dynamic.items()}
        cases = [{**entry, "masked": masked} for entry in written]
        tables = {name: asdict(table) for name, table in subject.tables.items()}
        return {"name": subject.name, "cases": cases, "axes": wanted, "refused": refused, "tables": tables}

    def _masked(self, subject: Subject, written: dict[str, Any]) -> list[str]:
        return subject.masked(tuple(written["outputs"]), self._axes[subject.name])

    def answer_every_token(self, part: str, folder: str) -> dict[str, Any]:
        """The case of the whole vocabulary of one part, for a file whose table of tokens is not the model's."""
        subject = self._parts[part]
        trial, left = subject.every_token()
        written = self._write(subject, _EVERY_TOKEN, trial, Path(folder)) if trial is not None else None
        cases = [{**written, "masked": self._masked(subject, written)}] if written else []
        return {"cases": cases, "left": left}

    def answer_samples(self, path: str, folder: str, rows: int, trust_remote_code: bool) -> dict[str, Any]:
        """Run a checkpoint on the user's own inputs, so many rows at once, and write the answers to `folder`."""
        from onnx_export_action.exporters.samples.answering import RealInputs  # other models need no tokenizer

        self._real = RealInputs(cast("Checkpoint", self._subject), Path(path), trust_remote_code)
        return self._real.answer(Path(folder), rows)

    def tell_samples(self, found: list[dict[str, Any]]) -> list[dict[str, str]]:
        """Say in words what model and file answered to some of these inputs."""
        return self._real.tell(found)

    def answer_again(self, cases: list[str], folder: str) -> list[str]:
        """Answer inputs that another interpreter made; tells the .npz files with the answers, in the same order."""
        return [self._answer_again(case, Path(folder) / f"again-{index:02}.npz") for index, case in enumerate(cases)]

    def export(self, exporter: str, opset: int, file: str) -> dict[str, dict[str, list[int]]]:
        """Write each part beside `file` by the named route, weights in one external file when they are large.

        Tells the sizes of the inputs that each was exported with.
        """
        order, early = _order(exporter, opset, file), self._early
        # All of them first: an exporter may leave the model with other settings than it found.
        samples = {name: subject.sample(self._axes[name]) for name, subject in self._parts.items()}
        if early is None or not early.wrote(order, self._axes):
            order.write(self._parts, samples, self._axes, self._task)
        pages.give_back()
        return {name: {given: list(value.shape) for given, value in sample.items()} for name, sample in samples.items()}

    def trace(self, case: str) -> dict[str, str]:
        """Write what each part of the model hands on for a case's inputs; part to file, in the order of the run."""
        folder = Path(tempfile.mkdtemp(prefix="parts-", dir=Path(case).parent))
        return tracing.write(self._of(case).module, self._given(case), folder)

    def ties(self, case: str) -> str:
        """How often the model itself chooses between equals with a case's inputs; empty where it never does."""
        return ties.sentence(self._of(case).module, self._given(case))

    def time(self, case: str, seconds: float) -> list[float]:
        """Latencies of a case's own part in plain PyTorch, in milliseconds, for about `seconds` and at least once."""
        torch.set_num_threads(self._threads)
        module, given = self._of(case).module, self._given(case)
        with torch.inference_mode():
            return latencies_ms(lambda: module.outputs(given), seconds)

    def _of(self, case: str) -> Subject:
        """The part that a case is of, by its file's name: another worker may have made it."""
        return self._parts[Path(case).stem.rpartition("-")[0]]

    def _given(self, case: str) -> dict[str, torch.Tensor]:
        subject = self._of(case)
        with np.load(case) as arrays:
            inputs = {name: torch.from_numpy(arrays[f"in.{name}"]) for name in subject.module.input_names}
        return subject.typed(inputs)

    def _answer_again(self, case: str, file: Path) -> str:
        outputs = self._of(case).module.answer(self._given(case))
        np.savez(file, allow_pickle=False, **{f"out.{name}": array(value) for name, value in outputs.items()})
        return str(file)

    def _write(self, subject: Subject, index: int, trial: Trial, folder: Path) -> dict[str, Any]:
        """A case with its file; of sizes that the model itself refuses, its reason: no file has to take them."""
        module = subject.module
        try:
            outputs = trial.answered or module.answer(trial.inputs)
        except Exception as error:
            if not trial.required:
                sizes = {name: list(value.shape) for name, value in trial.inputs.items()}
                return {"shape": trial.shape, "inputs": sizes, "why": _sentence(error)}
            raise Refusal(
                f"The model itself fails at {trial.shape}: {type(error).__name__}: {str(error)[:300]}",
                "Check `task`, `batch-sizes` and `sequence-lengths` against what the model accepts.",
                "usage",
            ) from error
        if not outputs:
            raise Refusal(
                "The model gives no output tensor.", "Choose another `task`; a module has to return tensors.", "usage"
            )
        file = folder / f"{subject.name}-{index:02}.npz"
        measured = (
            rounding.of(module, trial.inputs, outputs, SEED + index) if case_file.is_rounded(index, trial) else {}
        )
        inputs, derived = _arrays(trial.inputs), _arrays(trial.derived)
        return case_file.write(file, trial, inputs, derived, _arrays(outputs), measured)


def _order(exporter: str, opset: int, file: str) -> Order:
    return Order(exporter, opset, Path(file).parent)


def _arrays(tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: array(value) for name, value in tensors.items()}


def _sentence(error: Exception) -> str:
    """The model's own words, up to the end of the sentence."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words.partition(". ")[0][:200].rstrip(".")
