"""The first arrangement of inputs that the model itself answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.inputs import places
from onnx_export_action.exporters.inputs.arranging import Arrangement
from onnx_export_action.exporters.inputs.form import Tensors
from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.workers.protocol import Refusal

Take = Callable[[Arrangement, int], None]


def first_answered(candidates: Sequence[Arrangement], take: Take, make: Callable[[], Tensors], model: Any) -> None:
    """Take one after the other until the model answers; raises Refusal where it never does."""
    failures: list[Exception] = []
    for arrangement in candidates:
        failure = _failure(arrangement, take, make, model)
        if failure is None:
            return
        failures.append(failure)
    if isinstance(failures[0], Refusal):
        raise failures[0]
    first = diagnosis.first_sentence(str(failures[0]) or type(failures[0]).__name__, 200)
    raise Refusal(
        f"{type(model).__name__} refuses all {len(failures)} kinds of inputs that this program can make for it; "
        f"the first with: {first}",
        "Name a Python file with a factory and its `example_inputs` as `model`.",
        "usage",
    ) from failures[0]


def _failure(arrangement: Arrangement, take: Take, make: Callable[[], Tensors], model: Any) -> Exception | None:
    """What the model says against an arrangement; a wrong number of image tokens is corrected once."""
    take(arrangement, 0)
    failure, rows = _said(make, model)
    missing = places.missing(failure, rows) if failure and arrangement.places else 0
    if missing:
        take(arrangement, missing)
        failure, _ = _said(make, model)
    return failure


def _said(make: Callable[[], Tensors], model: Any) -> tuple[Exception | None, int]:
    rows = 1
    try:
        made = make()
        rows = len(made.get("input_ids", ())) or 1
        answered = NamedModule(model, tuple(made)).answer(made)
    except Exception as error:  # a model's own code raises what it likes
        return error, rows
    return (None if answered else ValueError("it gives no tensor")), rows
