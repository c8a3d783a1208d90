"""What came of the texts that a file wrote; without NumPy, whose import most runs of the parent can do without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onnx_export_action.records import Check

PAST, PRESENT = "past_key_values.", "present."


def check(followed: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Check:
    """One line on all texts: what was asked for, and what came of it."""
    for said, found in followed:
        if found["difference"]:
            detail = f"batch {said['batch']}: {found['difference']}"
            return Check(name="generation", passed=False, detail=detail)
    batches = " and ".join(f"{said['batch']}{_padded(said['padding'])}" for said, _ in followed)
    ties = sum(int(found["ties"]) for _, found in followed)
    close = f", but for {ties} whose scores are equal within the limits" if ties else ""
    detail = f"{followed[0][0]['tokens']} tokens, one after the other, batch {batches}, the same as PyTorch's{close}"
    return Check(name="generation", passed=True, detail=detail)


def _padded(padding: str) -> str:
    return "" if padding == "none" else f" with {padding} padding"
