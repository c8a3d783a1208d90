"""A file's answers to a batch of real inputs, held against the model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action import tasks
from onnx_export_action.validation import agreement, generation
from onnx_export_action.validation.agreement import Agreement
from onnx_export_action.validation.generation import Parts, Run
from onnx_export_action.validation.parity import Limit

Array = NDArray[Any]
Opened = Callable[[str], Run]  # of several files, the one of this name


def agree(batch: Mapping[str, Any], run: Run, opened: Opened | None, limits: Mapping[str, Limit]) -> list[Agreement]:
    """One answer for each sample of the batch; raises what ONNX Runtime raises, ValueError for other shapes."""
    with np.load(batch["file"], allow_pickle=False) as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    inputs = {name[3:]: value for name, value in kept.items() if name.startswith("in.")}
    answers = _written(inputs, kept, run, opened) if batch["written"] else run(inputs)
    return _held(batch["rule"], kept, answers, limits)


def _written(inputs: dict[str, Array], kept: Mapping[str, Array], run: Run, opened: Opened | None) -> dict[str, Array]:
    """What a decoder writes, token by token, or an encoder with its decoders."""
    if opened is None:
        return {"logits": generation.scores(run, inputs, kept["tokens"])}
    parts = Parts(*(opened(name) for name in (tasks.ENCODER, tasks.DECODER, tasks.STEP)))
    return {"logits": generation.scores_of_parts(parts, inputs, kept["start"], kept["tokens"])}


def _held(
    rule: Mapping[str, Any], kept: Mapping[str, Array], answers: Mapping[str, Array], limits: Mapping[str, Limit]
) -> list[Agreement]:
    kind, name, end = rule["kind"], rule["output"], rule["end"]
    lacking = [each for each in (name, end) if each and each not in answers]
    if lacking:
        raise ValueError(f"the file has no output {lacking[0]}")
    if kind in ("labels", "span", "values"):
        return _whole(rule, kept, answers, limits)
    scores, answered = _by_place(answers[name], rule["axis"]), kept.get("answered")
    if scores.shape[:2] != kept["top.scores"].shape[:2]:
        raise _other_shape(name, scores.shape[:2], kept["top.scores"].shape[:2])
    if kind == "label" or answered is None or answered.shape != scores.shape[:2]:
        answered = np.ones(scores.shape[:2], dtype=bool)
    hold = agreement.texts if kind == "sequence" else agreement.ranked
    return hold(kept["top.scores"], kept["top.choices"], answered, scores, limits[name])


def _whole(
    rule: Mapping[str, Any], kept: Mapping[str, Array], answers: Mapping[str, Array], limits: Mapping[str, Limit]
) -> list[Agreement]:
    """Rules that read all values of an output."""
    name, end = rule["output"], rule["end"]
    expected, actual = kept[f"out.{name}"], answers[name]
    if actual.shape != expected.shape:
        raise _other_shape(name, actual.shape, expected.shape)
    if rule["kind"] == "labels":
        return agreement.labels(expected, actual, limits[name])
    if rule["kind"] == "values":
        return agreement.values(name, expected, kept.get("answered"), actual, limits[name])
    both = (expected, kept[f"out.{end}"]), (actual, answers[end])
    return agreement.spans(*both, kept["answered"], (limits[name], limits[end]))


def _by_place(scores: Array, axis: int) -> Array:
    """Samples, places, choices: one label is one place."""
    last = np.moveaxis(scores, axis, -1)
    return last.reshape(len(last), -1, last.shape[-1])


def _other_shape(name: str, actual: tuple[int, ...], expected: tuple[int, ...]) -> ValueError:
    return ValueError(f"{name} has the shape {tuple(actual)} instead of {tuple(expected)}")
