"""An exporting worker without a framework: the model doubles its input, routes misbehave as `faults.json` says.

What the tests of the ladder need is a real process, real files and a real proof, not seconds of imports.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from onnx_export_action.workers.protocol import Refusal

_FIXED = {"fixed axis": [2, 7]}


class Service:
    """The operations of `exporters.service`, with the faults of the model's folder."""

    def load(self, path: str, **_: Any) -> dict[str, Any]:
        faults = Path(path) / "faults.json"
        self._faults: dict[str, str] = json.loads(faults.read_text()) if faults.exists() else {}
        if "load" in self._faults:
            raise Refusal(self._faults["load"], "Repair the model.", "usage")
        return {"architecture": "Doubler", "versions": {"quick": "1.0"}}

    def answer(
        self,
        folder: str,
        batch_sizes: list[int],
        sequence_lengths: list[int],
        ahead: object = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        shapes = [(batch, length) for batch in batch_sizes for length in sequence_lengths]
        cases = [self._case(Path(folder) / f"case-{number}.npz", *shape) for number, shape in enumerate(shapes)]
        axes = {"x": {"0": "batch_size", "1": "sequence_length"}}
        warnings = [self._faults["warning"]] if "warning" in self._faults else []
        return {"cases": cases, "axes": axes, "warnings": warnings}

    def write_texts(self, folder: str) -> dict[str, Any]:  # noqa: ARG002  # the operation's own parameter
        return {"generations": [], "notes": []}

    def export(self, exporter: str, opset: int, file: str) -> None:
        fault = self._faults.get(exporter, "")
        if fault == "crash":
            os.abort()
        if fault == "hang":
            time.sleep(3600)
        if fault == "refuse":
            raise Refusal(f"{exporter} refuses.", f"Do not use {exporter}.")
        if fault == "usage":
            raise Refusal("This model is wrong.", "Repair it.", "usage")
        if fault == "raise":
            raise RuntimeError(f"{exporter} broke: \x1b[31mdetails\x1b[0m\nsecond line")
        _write(Path(file), fault, opset)

    def time(self, **_: Any) -> list[float]:
        if self._faults.get("time") == "crash":
            os.abort()
        return [1.0, 1.5]

    def _case(self, file: Path, batch: int, length: int) -> dict[str, Any]:
        x = np.random.default_rng(batch * length).standard_normal((batch, length)).astype(np.float32)
        arrays: dict[str, Any] = {"in.x": x, "out.y": 2 * x}
        np.savez(file, **arrays)
        shape = f"batch {batch}, sequence {length}"
        return {
            "file": str(file), "shape": shape, "batch": batch, "inputs": {"x": [batch, length]},
            "derived": [], "outputs": ["y"],
        }  # fmt: skip


def _write(file: Path, fault: str, opset: int) -> None:
    if fault == "no file":
        return
    if fault == "garbage":
        file.write_bytes(b"not a model")
        return
    axes = _FIXED.get(fault, ["batch_size", "sequence_length"])
    factor = {"wrong": 2.5, "nan": float("nan")}.get(fault, 2.0)
    name = "z" if fault == "other input" else "x"
    graph = helper.make_graph(
        [helper.make_node("Mul", [name, "factor"], ["y"])],
        "doubler",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, axes)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, axes)],
        [helper.make_tensor("factor", TensorProto.FLOAT, [], [factor])],
    )
    delivered = 18 if fault == "other opset" else opset
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", delivered)], ir_version=8), str(file))
