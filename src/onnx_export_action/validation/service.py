"""The validating worker: opens the file, runs ONNX Runtime on every case, compares, times.

A process of its own, because a broken or hostile file can take the runtime down with it.
"""

from __future__ import annotations

import resource
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Case
from onnx_export_action.validation import likeness, parity, self_cases, structure, target
from onnx_export_action.validation.session import PROVIDER, Session
from onnx_export_action.workers.timing import latencies_ms


class Service:
    """The operations of a validating worker; values are records as plain JSON."""

    _session: Session

    def inspect(self, file: str, opset: int | None, runtime: str | None) -> dict[str, Any]:
        """Structure, opset, IR, and the checks that need no inputs."""
        path = Path(file)
        model = structure.read(path)
        delivered = structure.opset(model)
        seen = {
            "opset": delivered,
            "ir_version": model.ir_version,
            "graph": structure.graph(model).model_dump(),
        }
        checks = (
            structure.check_weights(model, path.parent),
            structure.check_opset(model, opset),
            target.check_target(runtime, delivered, model.ir_version),
            structure.check_graph(model),  # the last: it takes the weights out
        )
        return {**seen, "checks": [check.model_dump() for check in checks]}

    def open(self, file: str, threads: int) -> dict[str, Any]:
        """Load the file; tells its inputs, outputs, load time in milliseconds."""
        start = time.perf_counter()
        self._session = Session(Path(file), threads)
        load_ms = 1000 * (time.perf_counter() - start)
        return {
            "inputs": list(self._session.input_types),
            "outputs": list(self._session.output_names),
            "load_ms": load_ms,
            "provider": PROVIDER,
        }

    def compare(self, case: dict[str, Any], dtype: str, atol: float | None, rtol: float | None) -> dict[str, Any]:
        """Run one case and compare every output that the file has with the reference's."""
        limit = parity.limits(dtype, atol, rtol)
        inputs, expected = _arrays(case["file"])
        try:
            answers = self._session.run(inputs)
        except Exception as error:  # ONNX Runtime raises its own types, and they are the answer here
            return Case(shape=case["shape"], inputs=case["inputs"], error=_message(error)).model_dump()
        masks = dict.fromkeys(case.get("masked", ()), inputs.get("attention_mask"))
        outputs = tuple(
            parity.compare(name, expected[name], answer, limit, masks.get(name))
            if name in expected
            else parity.unknown(name, answer, limit)
            for name, answer in answers.items()
        )
        return Case(shape=case["shape"], inputs=case["inputs"], outputs=outputs).model_dump()

    def liken(self, case: dict[str, Any]) -> list[dict[str, Any]]:
        """Run one case and tell how near each output is to the reference's, in sums over its values."""
        inputs, expected = _arrays(case["file"])
        masks = dict.fromkeys(case.get("masked", ()), inputs.get("attention_mask"))
        answers = self._session.run(inputs)
        found = (
            likeness.sums(name, expected[name], answer, masks.get(name))
            for name, answer in answers.items()
            if name in expected
        )
        return [asdict(sums) for sums in found if sums is not None]

    def make_cases(self, file: str, folder: str, threads: int) -> list[dict[str, Any]]:
        """Cases for a file without a model: its own answers without optimisation, at several sizes."""
        return self_cases.write(Path(file), Path(folder), threads)

    def time(self, case: str, seconds: float) -> list[float]:
        """Latencies on a case's inputs, in milliseconds, for about `seconds` and at least once."""
        inputs, _ = _arrays(case)
        return latencies_ms(self._session.prepared(inputs), seconds)

    def peak_rss_bytes(self) -> int:
        """The greatest resident set of this process so far."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _arrays(file: str) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    with np.load(file, allow_pickle=False) as arrays:
        loaded = {name: arrays[name] for name in arrays.files}
    inputs = {name[3:]: value for name, value in loaded.items() if name.startswith("in.")}
    outputs = {name[4:]: value for name, value in loaded.items() if name.startswith("out.")}
    return inputs, outputs


def _message(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:500]
