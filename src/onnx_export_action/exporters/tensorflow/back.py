"""The worker of the other direction: a file of fixed sizes, converted by onnx2tf and run in TensorFlow."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import sys
import tempfile
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
from numpy.typing import NDArray

from onnx_export_action.workers.protocol import Refusal

_LONGEST = 200


class Service:
    """The operations of a worker that runs one file."""

    def describe(self) -> str:
        """TensorFlow and the converter, with their versions."""
        versions = [importlib.metadata.version(name) for name in ("tensorflow-cpu", "onnx2tf")]
        return "TensorFlow {}, converted by onnx2tf {}".format(*versions)

    def answer(self, file: str, case: str, target: str) -> None:
        """Write what TensorFlow answers to a case's inputs, output by output in the file's order: names are lost."""
        model = onnx.load(file)
        with np.load(case, allow_pickle=False) as arrays:
            given = {value.name: arrays[f"in.{value.name}"] for value in model.graph.input}
        answers = _run(_converted(model), given)
        names = [value.name for value in model.graph.output]
        if len(answers) != len(names):
            raise Refusal(f"onnx2tf leaves {len(answers)} of {len(names)} outputs")
        np.savez(target, allow_pickle=False, **{f"out.{name}": each for name, each in zip(names, answers, strict=True)})


def _converted(model: onnx.ModelProto) -> Any:
    """The model as Keras runs it, with inputs as the file has them."""
    # onnx2tf imports this for TFLite files, and none is made here.
    unused = types.ModuleType("ai_edge_litert.interpreter")
    vars(unused)["Interpreter"] = None
    sys.modules.setdefault("ai_edge_litert", types.ModuleType("ai_edge_litert"))
    sys.modules.setdefault(unused.__name__, unused)
    import onnx2tf  # it takes TensorFlow's and a second Keras with it

    operators = {node.name: node.op_type for node in model.graph.node}
    with _silent(), tempfile.TemporaryDirectory() as folder:
        try:
            return onnx2tf.convert(
                onnx_graph=model,
                output_folder_path=folder,
                keep_shape_absolutely_input_names=[value.name for value in model.graph.input],
                not_use_onnxsim=True,
                disable_model_save=True,
                non_verbose=True,
                verbosity="error",
            )
        except (Exception, SystemExit) as error:  # whatever its converters raise, and they do end the process
            raise Refusal(_cause(error, operators)) from error


def _run(model: Any, given: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    inputs = [tf.constant(value) for value in given.values()]
    if len(model.inputs) != len(inputs):
        raise Refusal(f"onnx2tf leaves {len(model.inputs)} of {len(inputs)} inputs")
    try:
        answers = model(inputs if len(inputs) > 1 else inputs[0])
    except Exception as error:
        raise Refusal(f"TensorFlow stops at what onnx2tf made: {_line(error)}") from error
    return [np.asarray(each) for each in (answers if isinstance(answers, list | tuple) else [answers])]


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """It prints pages, and its causes are in the errors."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _cause(error: BaseException, operators: dict[str, str]) -> str:
    if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("onnx2tf.ops."):
        return f"onnx2tf has no form for the operator {(error.name or '').rpartition('.')[2]}"
    node = getattr(error, "onnx_op_name", None) or ""
    operator = f" ({operators[node]})" if node in operators else ""
    place = f" at the node `{node}`{operator}" if node else ""
    return f"onnx2tf stops{place}: {_line(error)}"


def _line(error: BaseException) -> str:
    """What it says in the end: Keras puts the layer's name before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if not line.startswith("Exception encountered")), type(error).__name__)
    return told.partition(" for '{{node")[0][:_LONGEST].rstrip(".")
