"""Where a wrong answer begins: the model's parts from its own worker against the graph's tensors for them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

from onnx_export_action.log import Log
from onnx_export_action.records import Case, Departure, Validation
from onnx_export_action.workers.client import Worker, WorkerFailure


def located(
    validation: Validation,
    model_worker: Worker,
    validator: Worker,
    file: Path,
    cases: Sequence[dict[str, Any]],
    dtype: str,
    log: Log,
) -> Validation:
    """The validation with the first part that departs, where answers were wrong and the graph tells its parts apart,
    and with the choices between equals that the model itself had to make there.

    Where the file is right and only ONNX Runtime's optimisation of it wrong, with its answers without that.
    """
    wrong = [case for case in validation.cases if _differs(case)]
    if not wrong or validation.departure is not None:
        return validation
    smallest = min(wrong, key=lambda case: sum(prod(shape) for shape in case.inputs.values()))
    case = next(case for case in cases if case["shape"] == smallest.shape)
    try:
        plain = Case.model_validate(validator.call("compare_unoptimised", file=str(file), case=case))
        if plain.passed:
            log.line("✗ without graph optimisation, the answers are right")
            return validation.model_copy(update={"unoptimised": plain})
        parts = model_worker.call("trace", case=case["file"])
        found = validator.call("depart", file=str(file), case=case, parts=parts, dtype=dtype)
        ties = model_worker.call("ties", case=case["file"])
    except WorkerFailure as failure:
        log.line(f"where the answers depart was not found: {failure.cause}")
        return validation
    if ties:
        validation = validation.model_copy(update={"ties": f"at {smallest.shape} {ties}"})
        log.line(f"✗ {validation.ties}")
    if found is None:
        return validation
    departure = Departure.model_validate(found)
    log.line(f"✗ the first part that departs is {departure.part}")
    return validation.model_copy(update={"departure": departure})


def _differs(case: Case) -> bool:
    return any(parity.passed is False for parity in case.outputs)
