"""The exporting worker: loads the model once, answers the cases, writes the file, times the model.

Runs in the interpreter of the route. Everything it leaves is a file; its replies are plain JSON.
"""

from __future__ import annotations

import gc
import importlib.metadata
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from onnx_export_action import tasks
from onnx_export_action.exporters import axes, cases, files, generation, loading, rounding
from onnx_export_action.exporters.cached import CachedModule
from onnx_export_action.exporters.cached_inputs import CachedInputs
from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.module import NamedModule, without_cache
from onnx_export_action.exporters.routes import Job, route
from onnx_export_action.exporters.traceable import traceable
from onnx_export_action.exporters.whole_text import WholeText
from onnx_export_action.workers.protocol import Refusal
from onnx_export_action.workers.timing import latencies_ms

_SEED = 2026
# What one case may cost: values to be kept and compared, and products of weights, some ten seconds on two cores.
_MOST_VALUES, _MOST_PRODUCTS = 2**24, 10**12
_ROUNDED_EACH = 3  # the rounding of every third case is measured: it costs a run of the model more


class Service:
    """The operations of an exporting worker, in the order they are asked for."""

    _inputs: Inputs | CachedInputs
    _module: NamedModule
    _reach: cases.Reach

    def load(self, path: str, task: str, dtype: str, trust_remote_code: bool, threads: int) -> dict[str, Any]:
        """Load model and tokenizer; tells their names, sizes and what is odd about them."""
        torch.set_num_threads(threads)
        self._path, self._task, self._dtype = Path(path), task, loading.DTYPES[dtype]
        model = loading.load(path, tasks.without_past(task), dtype, trust_remote_code)
        tokenizer, warning = loading.tokenizer(path, trust_remote_code)
        inputs = Inputs(model, tasks.without_past(task), self._path, tokenizer)
        if tasks.has_past(task):
            cached = CachedModule(model)
            self._inputs, self._module = CachedInputs(inputs, cached, self._dtype), cached
        else:
            self._inputs, self._module = inputs, NamedModule(model, inputs.names)
        return {
            "architecture": type(model).__name__,
            "warnings": [warning] if warning else [],
            "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers")},
        }

    def answer(self, folder: str, batch_sizes: list[int], sequence_lengths: list[int]) -> dict[str, Any]:
        """Run the model on every case of the proof and write inputs and outputs to `folder` as .npz files."""
        self._batches, self._lengths = tuple(batch_sizes), tuple(sequence_lengths)
        tried = [self._write(index, case, Path(folder)) for index, case in enumerate(self._plan())]
        written = [entry for entry in tried if entry]
        self._module.output_names = tuple(written[0]["outputs"])
        answered = [(entry["inputs"], entry["outputs"]) for entry in written]
        self._axes = {**self._inputs.axes, **axes.of_outputs(self._inputs.axes, answered)}
        wanted = {
            name: {str(axis): label for axis, label in by_axis.items()} for name, by_axis in self._inputs.axes.items()
        }
        masked = self._masked(written[0]["outputs"])
        for entry in written:
            entry["masked"] = masked
        notes = self._reach.notes if self._inputs.modality == "text" else ()
        return {"cases": written, "axes": wanted, "generations": self._generations(Path(folder)), "notes": notes}

    def export(self, exporter: str, opset: int, file: str) -> None:
        """Write the ONNX file by the named route, weights in one external file when they are large."""
        sample = self._typed(self._inputs.make(self._sample(), _SEED))
        job = Job(self._module, sample, self._axes, self._task, opset, Path(file), self._path)
        if not tasks.has_past(self._task):
            without_cache(self._module.model)
        with traceable(self._module.model):
            route(exporter).export(job)
        files.settle(job.file)
        gc.collect()

    def time(self, case: str, seconds: float) -> list[float]:
        """Latencies of the model on a case's inputs, in milliseconds, for about `seconds` and at least once."""
        with np.load(case) as arrays:
            inputs = self._typed({name: torch.from_numpy(arrays[f"in.{name}"]) for name in self._inputs.names})
        return latencies_ms(lambda: self._module.answer(inputs), seconds)

    def _generations(self, folder: Path) -> list[dict[str, Any]]:
        if isinstance(self._inputs, CachedInputs):
            return generation.write(self._module.model, self._inputs, folder)
        texts = WholeText(self._inputs)
        if self._task != "text-generation" or not texts.possible:
            return []
        return generation.write_whole(self._module, texts, folder)

    def _masked(self, outputs: dict[str, list[int]]) -> list[str]:
        """The outputs that answer for each position of the text, so that padding says nothing."""
        mask = self._axes.get("attention_mask")
        if isinstance(self._inputs, CachedInputs):
            return list(outputs)
        return [name for name in outputs if mask and mask.items() <= self._axes.get(name, {}).items()]

    def _sample(self) -> Case:
        if isinstance(self._inputs, CachedInputs):
            return cases.sample_with_past(self._batches, self._lengths, self._inputs.longest)
        longest = self._inputs.longest if self._inputs.modality == "text" else None
        return cases.sample(self._batches, self._lengths, longest)

    def _plan(self) -> tuple[Case, ...]:
        if self._inputs.modality == "image":
            return cases.for_images(self._batches)
        if self._inputs.modality == "sound":
            return cases.for_sound(self._batches, self._lengths)
        several = cases.with_past if isinstance(self._inputs, CachedInputs) else cases.for_text
        self._reach = self._inputs.reach(self._affordable())
        if max(self._batches) == 1:
            self._reach = replace(self._reach, vocabulary=0)  # some models take one row only
        return several(self._batches, self._lengths, self._reach)

    def _affordable(self) -> int:
        """Tokens of one case, by the values that the model answers with for each, and by its own size."""
        few = Case(1, min(self._lengths if self._inputs.longest is None else (*self._lengths, self._inputs.longest)))
        outputs = self._answered(few, _SEED)[1]
        values = sum(int(value.numel()) for value in outputs.values()) // few.sequence
        parameters = sum(int(parameter.numel()) for parameter in self._module.parameters())
        return max(1, min(_MOST_VALUES // max(1, values), _MOST_PRODUCTS // max(1, parameters)))

    def _write(self, index: int, case: Case, folder: Path) -> dict[str, Any] | None:
        try:
            inputs, outputs = self._answered(case, _SEED + 1 + index)
        except Refusal:
            if case.optional:
                return None  # the model itself refuses this size, so no file has to take it
            raise
        file = folder / f"case-{index:02}.npz"
        derived = self._inputs.derived(case)
        measured = rounding.of(self._module, inputs, outputs, _SEED + index) if index % _ROUNDED_EACH == 0 else {}
        arrays = {f"in.{name}": _array(value) for name, value in {**derived, **inputs}.items()}
        arrays |= {f"out.{name}": _array(value) for name, value in outputs.items()}
        np.savez(file, allow_pickle=False, **arrays)
        return {
            "file": str(file),
            "shape": self._describe(case),
            "batch": case.batch,
            "timed": case.timed,
            "inputs": {name: list(value.shape) for name, value in inputs.items()},
            "derived": list(derived),
            "outputs": {name: list(value.shape) for name, value in outputs.items()},
            "rounding": measured,
        }

    def _answered(self, case: Case, seed: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        inputs = self._typed(self._inputs.make(case, seed))
        try:
            outputs = self._module.answer(inputs)
        except Exception as error:
            raise Refusal(
                f"The model itself fails on {asdict(case)}: {type(error).__name__}: {str(error)[:300]}",
                "Check `task`, `batch-sizes` and `sequence-lengths` against what the model accepts.",
                "usage",
            ) from error
        if not outputs:
            raise Refusal("The model gives no output tensor.", "Choose another `task`.", "usage")
        return inputs, outputs

    def _describe(self, case: Case) -> str:
        if self._inputs.modality == "text":
            return cases.describe(case)
        size = "" if case.scale == 1.0 else f", {case.scale:g} times the usual size"
        size += "" if case.wide == 1.0 else f", {case.wide:g} times as wide"
        return f"batch {case.batch}{size}"

    def _typed(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: value.to(self._dtype) if value.is_floating_point() else value for name, value in inputs.items()}


def _array(value: torch.Tensor) -> np.ndarray[Any, Any]:
    # NumPy has no bfloat16; fp32 holds every one of its values.
    return np.asarray(value.float() if value.dtype is torch.bfloat16 else value)
