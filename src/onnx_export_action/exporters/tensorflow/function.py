"""A model as one TensorFlow function: named arrays in, named arrays out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.exporters.tensorflow.inputs import Arrays, Shapes
from onnx_export_action.workers.protocol import Refusal


class Function:
    """What is exported; `call` takes the inputs in their order and answers by name, `kept` owns its weights."""

    def __init__(
        self,
        architecture: str,
        inputs: Mapping[str, tf.TypeSpec],
        call: Callable[..., Mapping[str, tf.Tensor]],
        outputs: Sequence[str],
        kept: Any,
    ) -> None:
        self.architecture, self.outputs = architecture, tuple(outputs)
        self.shapes: Shapes = {name: _shape(name, spec) for name, spec in inputs.items()}
        self.dtypes = {name: _dtype(f"The input {name}", spec.dtype) for name, spec in inputs.items()}
        self._call, self._kept = call, kept
        self._traced = self._function(self.specs({}, {})).get_concrete_function()
        for name, value in self._traced.structured_outputs.items():
            _dtype(f"The output {name}", value.dtype)

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        """The weights that the function reads."""
        return tuple(self._traced.variables)

    @property
    def weight_bytes(self) -> int:
        """Their size in memory."""
        return sum(variable.shape.num_elements() * variable.dtype.size for variable in self.variables)

    def specs(self, fixed: Axes, sizes: Sizes) -> list[tf.TensorSpec]:
        """The inputs' types and shapes, with the axes of `fixed` at their sizes."""
        return [
            tf.TensorSpec(
                [sizes[fixed[name][axis]] if axis in fixed.get(name, {}) else size for axis, size in enumerate(shape)],
                self.dtypes[name],
                name,
            )
            for name, shape in self.shapes.items()
        ]

    def with_fixed(self, fixed: Axes, sizes: Sizes) -> tuple[Any, list[tf.TensorSpec]]:
        """The function to be exported and its signature, where some axes have one size alone."""
        specs = self.specs(fixed, sizes)
        return self._function(specs), specs

    def answer(self, arrays: Mapping[str, Any]) -> Arrays:
        """Every output by name, in order."""
        answered = self.prepared(arrays)()
        return {name: answered[name].numpy() for name in self.outputs}

    def prepared(self, arrays: Mapping[str, Any]) -> Callable[[], Mapping[str, tf.Tensor]]:
        """A call with these inputs, which are tensors already: what is timed."""
        given = [tf.constant(arrays[name], self.dtypes[name]) for name in self.shapes]
        return lambda: self._traced(*given)

    def _function(self, specs: list[tf.TensorSpec]) -> Any:
        return tf.function(self._named, input_signature=specs)

    def _named(self, *given: tf.Tensor) -> dict[str, tf.Tensor]:
        answered = self._call(*given)
        # An identity each: of two names for one tensor, or an input handed on, one would be lost on the way to ONNX.
        return {name: tf.identity(answered[name]) for name in self.outputs}


def _shape(name: str, spec: tf.TypeSpec) -> tuple[int | None, ...]:
    if not isinstance(spec, tf.TensorSpec) or spec.shape.rank is None:
        raise Refusal(
            f"The input {name} is no plain tensor, or nothing says how many axes it has.",
            "Save the model with a signature of plain tensors, each with its number of axes.",
            "usage",
        )
    return tuple(spec.shape.as_list())


def _dtype(what: str, dtype: tf.DType) -> str:
    if dtype in (tf.string, tf.resource, tf.variant):
        raise Refusal(
            f"{what} is {'text' if dtype == tf.string else dtype.name}, which the file would not read or write.",
            "Save a signature that takes and gives numbers, without the preparation of text.",
            "usage",
        )
    return str(dtype.name)
