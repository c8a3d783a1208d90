"""A SavedModel's signature as a function; what its graph asks for is looked at before TensorFlow opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.tensorflow.function import Function
from onnx_export_action.workers.protocol import Refusal

_SERVING = "serving_default"
_SAVE = "Save it with a signature: `model.export(folder)` of Keras, or `tf.saved_model.save(..., signatures=...)`."
# Operators that read and write files or call Python: a graph with them is a program, as code is.
_PROGRAMS = frozenset(("ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc"))


def load(path: Path, trusted: bool) -> Function:
    """The signature that serves, or the only one."""
    _check_operators(path, trusted)
    try:
        loaded = tf.saved_model.load(str(path))
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        said = diagnosis.first_sentence(str(error).replace(f"{path.parent}/", ""), 250)
        raise Refusal(
            f"TensorFlow {tf.__version__} cannot load it: {said}",
            "Save it again, and check in the whole folder with `variables/`.",
            "usage",
        ) from error
    signature = _chosen(dict(loaded.signatures))
    inputs = dict(sorted(signature.structured_input_signature[1].items()))

    def call(*given: tf.Tensor) -> Any:
        return signature(**dict(zip(inputs, given, strict=True)))

    return Function("SavedModel", inputs, call, sorted(signature.structured_outputs), loaded)


def _chosen(signatures: dict[str, Any]) -> Any:
    usable = {name: found for name, found in signatures.items() if found.structured_input_signature[1]}
    if not usable:
        raise Refusal("It has no signatures, so nothing says what it takes and gives.", _SAVE, "usage")
    if _SERVING not in usable and len(usable) > 1:
        names = ", ".join(sorted(usable))
        raise Refusal(
            f"It has {len(usable)} signatures, and none is called {_SERVING!r}: {names[:200]}.",
            f"Save it with the one to be exported as {_SERVING!r}.",
            "usage",
        )
    return usable.get(_SERVING) or next(iter(usable.values()))


def _check_operators(folder: Path, trusted: bool) -> None:
    used = _operators(folder)
    foreign = sorted(name for name in used if op_def_registry.get(name) is None)
    if foreign:
        raise Refusal(
            f"It uses operators that TensorFlow itself has not: {', '.join(foreign)[:200]}.",
            "Save the model without them: their code is in a library that is not here.",
            "usage",
        )
    programs = sorted(used & _PROGRAMS)
    if programs and not trusted:
        raise Refusal(
            f"It uses {', '.join(programs)}, operators that touch files or call Python.",
            "Save the model without them, or read it and set `trust-remote-code: true`.",
            "usage",
        )


def _operators(folder: Path) -> frozenset[str]:
    """The operators of every graph and function in it; names of its own functions are none."""
    saved = saved_model_pb2.SavedModel()
    file = folder / "saved_model.pb"
    try:
        saved.ParseFromString(file.read_bytes())
    except Exception as error:  # protobuf's own type is not part of its interface
        raise Refusal(f"{file.name} is no SavedModel, or it is cut off.", "Save the model again.", "usage") from error
    found: set[str] = set()
    for graph in (each.graph_def for each in saved.meta_graphs):
        own = {function.signature.name for function in graph.library.function}
        nodes = (graph.node, *(function.node_def for function in graph.library.function))
        found |= {node.op for part in nodes for node in part} - own
    return frozenset(found)
