"""Hold one variant's answers to its limits, at the cases that the exported file passed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onnx_export_action.records import Case, Check, Likeness, Validation, VariantName
from onnx_export_action.settings import Settings
from onnx_export_action.validation import proof
from onnx_export_action.variants import kinds
from onnx_export_action.variants.kinds import KINDS
from onnx_export_action.workers.client import Worker


def judge(
    worker: Worker, name: VariantName, file: Path, cases: Sequence[dict[str, Any]], settings: Settings, threads: int
) -> tuple[tuple[Likeness, ...], str]:
    """How near each output is to the reference, and why the file cannot be used; the reason is empty when it can."""
    from onnx_export_action.validation import likeness  # NumPy, which a run without variants does not need here

    seen = worker.call("inspect", file=str(file), opset=None, runtime=settings.target)
    checks = tuple(check for check in map(Check.model_validate, seen["checks"]) if _concerns(check, name))
    worker.call("open", file=str(file), threads=threads)
    worker.call("survey", **proof.surveyed(cases, settings))
    compared = tuple(Case.model_validate(worker.call("compare", case=case)) for case in cases)
    if broken := [case for case in compared if case.error]:
        return (), f"at {broken[0].shape}: {broken[0].error}"
    parts = [likeness.Sums(**sums) for case in cases for sums in worker.call("liken", case=case)]
    outputs, near = likeness.together(parts), KINDS[name].nearness
    if near is not None and all(check.passed for check in checks):
        return outputs, _incomparable(compared) or kinds.too_far(outputs, near)
    validation = Validation(reference="pytorch", checks=checks, cases=compared)
    return outputs, "" if validation.passed else proof.summary_of_failure(validation)


def _concerns(check: Check, name: VariantName) -> bool:
    """The checker of ONNX knows none of ONNX Runtime's own operators, some of which stand in the standard domain."""
    return not (KINDS[name].fused and check.name == "onnx.checker")


def _incomparable(compared: tuple[Case, ...]) -> str:
    for case in compared:
        for parity in case.outputs:
            if parity.max_abs_diff is None:
                return f"at {case.shape}: {parity.output}, {parity.detail}"
    return ""
