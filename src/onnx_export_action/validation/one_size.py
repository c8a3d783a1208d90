"""The file for the sizes of one case alone, with what follows from them computed: what converters can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from onnx_export_action.validation import structure
from onnx_export_action.validation.session import write_folded
from onnx_export_action.workers.protocol import Refusal

_MOST_BYTES = 2_000_000_000  # protobuf reads no message of 2 GiB


def write(file: Path, inputs: dict[str, NDArray[Any]], target: Path) -> None:
    """Write it with all its weights inside; raises Refusal where they are too large for that."""
    model = structure.read(file)
    data = structure.graph(model).external_files
    if sum(path.stat().st_size for path in (file, *(file.parent / name for name in data))) > _MOST_BYTES:
        raise Refusal("its weights take more than 2 GB, and one graph cannot hold them")
    onnx.load_external_data_for_model(model, str(file.parent))
    for value in model.graph.input:
        sizes = inputs[value.name].shape if value.name in inputs else ()
        for dim, size in zip(value.type.tensor_type.shape.dim, sizes, strict=False):
            dim.dim_value = size
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    write_folded(model.SerializeToString(), target)
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(str(target)), data_prop=True), str(target))
