"""The inputs by their public names, as a user writes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from onnx_export_action.records import Request
from onnx_export_action.settings.inputs import Settings

# Inputs by which two runs on one model are two things for a reader.
_TELLING = ("onnx-file", "task", "opset", "exporter", "dtype", "target", "subfolder")
_NO_INPUTS = ("workspace", "name")
_LONGEST_NAME = 100


def input_names() -> tuple[str, ...]:
    """The inputs by their public names, in the order of the documentation."""
    return tuple(name.replace("_", "-") for name in Settings.model_fields if name not in _NO_INPUTS)


def default_of(name: str) -> str:
    """An input's default as a user would write it; empty when there is none."""
    field = Settings.model_fields[name.replace("-", "_")]
    default = field.default
    if name in ("opset", "threads"):
        return "auto"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    return "" if field.is_required() or default is None else str(default)


def nearest(name: str, others: Sequence[str] = ()) -> str:
    """The input that a misspelt name means, before all one with the same letters; empty where none is near."""
    near = difflib.get_close_matches(name, [*input_names(), *others], n=3, cutoff=0.5)
    return min(near, key=lambda known: sorted(known) != sorted(name), default="")


def request_of(settings: Settings, job: str) -> Request:
    """What tells this run from the others of a workflow; the same for a re-run."""
    values = {name: getattr(settings, name.replace("-", "_")) for name in _TELLING}
    fields = Settings.model_fields
    changed = {n: str(value) for n, value in values.items() if value != fields[n.replace("-", "_")].default}
    if settings.name and settings.name != slug(settings.model):
        changed["name"] = settings.name  # of a file that has the same model more than once
    return Request(job=job, model=settings.model, inputs=changed)


def slug(model: str) -> str:
    """A model's name in characters that every server takes, never with two dashes in a row."""
    allowed = re.sub(r"[^A-Za-z0-9._]+", "-", model.removesuffix(".onnx")).strip("-._")
    return allowed[:_LONGEST_NAME].rstrip("-._") or "model"
