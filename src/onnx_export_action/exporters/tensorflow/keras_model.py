"""A whole Keras model as a function; code that is not in Keras is not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.tensorflow.function import Function
from onnx_export_action.workers.protocol import Refusal

_EXPORT = "Save it as a SavedModel, which holds the computation itself: `model.export(folder)`."


def load(path: Path, trusted: bool) -> Function:
    """The model in a .keras or HDF5 file; a Lambda's code is run only where the user trusts it."""
    try:
        model = keras.saving.load_model(str(path), compile=False, safe_mode=not trusted)
    except MemoryError:
        raise
    except Exception as error:  # layers raise what they like
        raise _unreadable(" ".join(str(error).replace(f"{path.parent}/", "").split())) from error
    if not getattr(model, "inputs", None):
        raise Refusal("It holds a model that does not say what it takes.", _EXPORT, "usage")
    inputs = {name: tf.TensorSpec(part.shape, part.dtype, name) for name, part in _named_inputs(model)}
    names = _output_names(model)

    def call(*given: tf.Tensor) -> dict[str, tf.Tensor]:
        answered = model(given[0] if len(given) == 1 else _as_taken(model, given), training=False)
        return dict(zip(names, tf.nest.flatten(answered), strict=True))

    return Function(type(model).__name__, inputs, call, names, model)


def _named_inputs(model: Any) -> list[tuple[str, Any]]:
    """The inputs by the names that the user gave them: a dictionary's keys, else those of the input layers."""
    struct = getattr(model, "input", None)
    if isinstance(struct, dict):
        return [(str(name), struct[name]) for name in struct]
    return [(part.name, part) for part in model.inputs]


def _as_taken(model: Any, given: tuple[tf.Tensor, ...]) -> Any:
    """The inputs in the structure that the model was made with."""
    struct = model.input
    return dict(zip(struct, given, strict=True)) if isinstance(struct, dict) else list(given)


def _output_names(model: Any) -> list[str]:
    """The outputs by a dictionary's keys, else by the layers that give them; numbered where those repeat."""
    struct = getattr(model, "output", None)
    if isinstance(struct, dict):
        return sorted(struct)
    names = list(getattr(model, "output_names", None) or [])
    unique = len(set(names)) == len(names) == len(model.outputs)
    return names if unique else [f"output_{place}" for place in range(len(model.outputs))]


def _unreadable(said: str) -> Refusal:
    if "ambda" in said and "safe_mode" in said:
        return Refusal(
            "It has a Lambda layer, whose Python code would be run to load it.",
            f"{_EXPORT} Or read that code and set `trust-remote-code: true`.",
            "usage",
        )
    if "No model config found" in said:
        return Refusal("It holds weights and no model.", "Save the whole model: `model.save('model.keras')`.", "usage")
    if "Could not locate" in said or "Unknown layer" in said:
        return Refusal(f"It has layers whose code is not in Keras: {said[:160]}", _EXPORT, "usage")
    return Refusal(
        f"Keras {keras.__version__} cannot load it: {diagnosis.first_sentence(said, 200)}",
        "Save the whole model again with this version of Keras, or as a SavedModel: `model.export(folder)`.",
        "usage",
    )
