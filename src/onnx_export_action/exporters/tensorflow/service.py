"""The exporting worker for TensorFlow: the operations of `exporters.service`, without PyTorch.

Runs in the interpreter of the `tensorflow` route. Everything it leaves is a file; its replies are plain JSON.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from onnx_export_action.exporters import axes, case_file
from onnx_export_action.exporters.custom import example_files
from onnx_export_action.exporters.tensorflow import conversion, rounding
from onnx_export_action.exporters.tensorflow.subject import SEED, TensorFlowSubject, Trial
from onnx_export_action.workers.protocol import Refusal
from onnx_export_action.workers.timing import latencies_ms

# By the model's kind: a module whose `load` makes a Function.
_LOADERS = {
    "savedmodel": "onnx_export_action.exporters.tensorflow.saved_model",
    "keras": "onnx_export_action.exporters.tensorflow.keras_model",
}
_VERSIONS = {"tensorflow": "tensorflow-cpu", "keras": "keras", "tf2onnx": "tf2onnx"}
_NAME = "model"


class Service:
    """The operations of an exporting worker, in the order they are asked for."""

    _subject: TensorFlowSubject

    def __init__(self) -> None:
        self._axes: axes.Axes = {}

    def load(
        self, kind: str, path: str, dtype: str, threads: int, trusted: bool, examples_file: str | None, **_: Any
    ) -> dict[str, Any]:
        """Load the model; tells its class and the versions that it runs with."""
        if dtype != "fp32":
            raise Refusal(
                f"`dtype: {dtype}` cannot be had from a saved model, which has its precision already.",
                "Leave `dtype` out, or make a `variants: fp16`.",
                "usage",
            )
        _use_threads(threads)
        function = importlib.import_module(_LOADERS[kind]).load(Path(path), trusted)
        given = example_files.read(Path(examples_file)) if examples_file else None
        self._subject = TensorFlowSubject(function, given)
        versions = {name: importlib.metadata.version(package) for name, package in _VERSIONS.items()}
        return {"architecture": function.architecture, "versions": versions}

    def answer(self, folder: str, batch_sizes: list[int], sequence_lengths: list[int]) -> dict[str, Any]:
        """Run the model on every case of its proof and write inputs and outputs to `folder` as .npz files."""
        subject = self._subject
        trials = enumerate(subject.trials(batch_sizes, sequence_lengths))
        cases = [self._write(trial, index, Path(folder)) for index, trial in trials]
        answered = [(case["inputs"], case["outputs"]) for case in cases]
        self._axes = {**subject.axes, **axes.of_outputs(subject.axes, answered)}
        wanted = {name: {str(axis): label for axis, label in labels.items()} for name, labels in subject.axes.items()}
        return {"name": _NAME, "cases": cases, "axes": wanted, "others": [], "warnings": list(subject.warnings)}

    def write_texts(self, folder: str) -> dict[str, Any]:  # noqa: ARG002  # where the other exporter's service writes
        """None, as a file of TensorFlow's does not say how it writes; and what its cases do not try."""
        return {"generations": [], "notes": list(self._subject.notes)}

    def export(self, exporter: str, opset: int, file: str) -> None:
        """Write the ONNX file by tf2onnx."""
        assert exporter == "tensorflow"
        subject = self._subject
        conversion.write(subject.function, subject.fixed, subject.own, self._axes, opset, Path(file))

    def trace(self, case: str) -> dict[str, str]:  # noqa: ARG002
        """Nothing: the parts of a saved function have no names that its graph keeps."""
        return {}

    def ties(self, case: str) -> str:  # noqa: ARG002
        """Nothing, for the same reason."""
        return ""

    def time(self, case: str, seconds: float) -> list[float]:
        """Latencies of the model on a case's inputs, in milliseconds, for about `seconds` and at least once."""
        with np.load(case, allow_pickle=False) as arrays:
            given = {name: arrays[f"in.{name}"] for name in self._subject.function.shapes}
        return latencies_ms(self._subject.function.prepared(given), seconds)

    def _write(self, trial: Trial, index: int, folder: Path) -> dict[str, Any]:
        function, file = self._subject.function, folder / f"{_NAME}-{index:02}.npz"
        outputs = function.answer(trial.inputs)
        measured = (
            rounding.of(function, trial.inputs, outputs, SEED + index) if case_file.is_rounded(index, trial) else {}
        )
        return {**case_file.write(file, trial, trial.inputs, {}, outputs, measured), "masked": []}


def _use_threads(threads: int) -> None:
    """For the operators and between them; TensorFlow lets it be said once in a process."""
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
