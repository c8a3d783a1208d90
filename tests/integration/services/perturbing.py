"""The real exporting worker, but the file that TorchScript leaves has one weight changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from onnx_export_action.exporters import service


class Service(service.Service):
    """Everything as it is, and a wrong file from one route."""

    part = "word_embeddings"

    def export(self, exporter: str, opset: int, file: str) -> None:
        super().export(exporter, opset, file)
        if exporter == "torchscript":
            _spoil(Path(file), self.part)


def _spoil(file: Path, part: str) -> None:
    model = onnx.load(file)
    table = next(tensor for tensor in model.graph.initializer if part in tensor.name)
    values = numpy_helper.to_array(table).copy()
    values[: len(values) // 2, 0] += np.float32(0.5)
    table.CopyFrom(numpy_helper.from_array(values, table.name))
    spoiled = file.with_suffix(".spoiled")
    onnx.save(model, spoiled)
    spoiled.rename(file)  # as an exporter leaves it: whoever has opened the other one keeps it
