"""What a baseline must be of."""

from __future__ import annotations

from dataclasses import dataclass

from onnx_export_action.records import Model, Report, Request
from onnx_export_action.settings import default_of

# The model's own task and folder must be ours; whatever else was asked for may have changed, and is said.
_IDENTIFYING = ("task", "subfolder", "name")


@dataclass(frozen=True)
class Wanted:
    """The artifact's name, the model, and what was asked for."""

    name: str
    model: Model
    request: Request

    def is_met_by(self, report: Report) -> bool:
        """Whether the report is of the same model and task."""
        model = report.model
        return (
            model is not None
            and (model.id, model.task) == (self.model.id, self.model.task)
            and _inputs(report).get("subfolder") == self.request.inputs.get("subfolder")
        )

    def differs_from(self, report: Report) -> dict[str, str]:
        """The inputs that had another value, with that value."""
        ours, theirs = self.request.inputs, _inputs(report)
        names = sorted({*ours, *theirs} - set(_IDENTIFYING))
        return {name: theirs.get(name) or default_of(name) for name in names if ours.get(name) != theirs.get(name)}


def _inputs(report: Report) -> dict[str, str]:
    return report.request.inputs if report.request is not None else {}
