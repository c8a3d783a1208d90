"""The worker that makes one file of both decoders: optimum's own function, which stores a weight of both once."""

from __future__ import annotations

from pathlib import Path

import onnx
from optimum.onnx import merge_decoders

from onnx_export_action.exporters import files

_SOURCE = "encoder_sequence_length"


class Service:
    """The one operation."""

    def merge(self, decoder: str, step: str, file: str) -> None:
        """Write an `If` on `use_cache_branch`; outputs that only the first token has are empty for the others."""
        merge_decoders(decoder, step, strict=False, save_path=file)
        _open_source(file)
        files.settle(Path(file))


def _open_source(file: str) -> None:
    """Where the source has one length, as an image or a window of sound, keys of it are of none at the first token."""
    model = onnx.load(file, load_external_data=False)
    for value in (*model.graph.input, *model.graph.output):
        if ".encoder." in value.name:
            value.type.tensor_type.shape.dim[2].dim_param = _SOURCE
    onnx.save(model, file)
