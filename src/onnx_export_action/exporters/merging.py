"""The worker that makes one file of both decoders: optimum's own function, which stores a weight of both once."""

from __future__ import annotations

from pathlib import Path

from optimum.onnx import merge_decoders

from onnx_export_action.exporters import files


class Service:
    """The one operation."""

    def merge(self, decoder: str, step: str, file: str) -> None:
        """Write an `If` on `use_cache_branch`; outputs that only the first token has are empty for the others."""
        merge_decoders(decoder, step, strict=False, save_path=file)
        files.settle(Path(file))
