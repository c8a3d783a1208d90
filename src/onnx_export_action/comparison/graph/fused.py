"""Which operators ONNX Runtime fuses: the graph after its own optimisation, not the graph in the file."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from onnx_export_action.comparison.graph.difference import operator_changes
from onnx_export_action.records import OperatorChange
from onnx_export_action.validation import session, structure
from onnx_export_action.workers.protocol import Refusal

_ONNX_OWN = (
    "Attention",
    "Gelu",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
)


def changes(base: Path, head: Path, threads: int) -> tuple[OperatorChange, ...]:
    """Fused operators whose number differs after optimisation; raises Refusal where a file cannot be loaded."""
    return operator_changes(_fused(base, threads), _fused(head, threads))


def _fused(file: Path, threads: int) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "optimised.onnx"
        try:
            session.write_optimised(file, target, threads)
        except Exception as error:  # ONNX Runtime raises its own types
            reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            told = reason.replace(str(file), file.name)[:300]
            raise Refusal(f"ONNX Runtime cannot optimise {file.name}: {told}", "", "usage") from error
        nodes = structure.read(target).graph.node
        return Counter(node.op_type for node in nodes if node.op_type in _ONNX_OWN or node.domain == "com.microsoft")
