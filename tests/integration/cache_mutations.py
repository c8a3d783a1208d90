"""One thing wrong with the right file of a decoder with a cache, each a change of the loaded model."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.integration.mutations import TEXT, rename

MASK, POSITIONS = "attention_mask", "position_ids"


def no_mask(model: onnx.ModelProto, name: str = MASK) -> None:
    """Padding counts as text: what one exporter writes when its sample had no padding."""
    replace_input(model, name, "all_ones", _ones(name))


def positions_of_the_longest(model: onnx.ModelProto) -> None:
    """Every row counts from its first place, padding included."""
    nodes = [
        *_ones(),
        helper.make_node("CumSum", ["all_ones", "axis_of_text"], ["counted"]),
        helper.make_node("Sub", ["counted", "one_step"], ["all_positions"]),
        helper.make_node("Shape", [TEXT], ["new_length"], start=1, end=2),
        helper.make_node("Neg", ["new_length"], ["first_new"]),
        helper.make_node("Slice", ["all_positions", "first_new", "no_end", "axes_of_text"], ["places"]),
    ]
    constant(model, "axis_of_text", np.array(1))
    constant(model, "one_step", np.array(1))
    constant(model, "no_end", np.array([2**31]))
    constant(model, "axes_of_text", np.array([1]))
    replace_input(model, POSITIONS, "places", nodes)


def positions_of_the_prompt(model: onnx.ModelProto) -> None:
    """Each step counts from 0 again: right for a prompt, wrong for all that follows."""
    nodes = [
        helper.make_node("ReduceMin", [POSITIONS, "axis_of_steps"], ["first_place"], keepdims=1),
        helper.make_node("Sub", [POSITIONS, "first_place"], ["places"]),
    ]
    constant(model, "axis_of_steps", np.array([1]))
    replace_input(model, POSITIONS, "places", nodes)


def new_keys_alone(model: onnx.ModelProto) -> None:
    """The present is not the past and the new: a caller who hands it on forgets all but the last step."""
    rename(model, {"present.0.key": "whole_keys"})
    nodes = [
        helper.make_node("Shape", [TEXT], ["length_of_new"], start=1, end=2),
        helper.make_node("Neg", ["length_of_new"], ["start_of_new"]),
        helper.make_node("Slice", ["whole_keys", "start_of_new", "no_end", "axes_of_keys"], ["present.0.key"]),
    ]
    constant(model, "no_end", np.array([2**31]))
    constant(model, "axes_of_keys", np.array([2]))
    model.graph.node.extend(nodes)
    next(value for value in model.graph.output if value.name == "whole_keys").name = "present.0.key"


def keys_and_values_swapped(model: onnx.ModelProto) -> None:
    swap(model, "present.1.key", "present.1.value")


def keys_and_values_swapped_on_both_sides(model: onnx.ModelProto) -> None:
    """Whoever hands them on notices nothing; whoever reads a name does."""
    swap(model, "present.1.key", "present.1.value")
    swap(model, "past_key_values.1.key", "past_key_values.1.value")


def layers_swapped(model: onnx.ModelProto) -> None:
    swap(model, "past_key_values.0.value", "past_key_values.1.value")


def wrong_after_thirteen(model: onnx.ModelProto, past: str = "past_key_values.0.key") -> None:
    """Right at every length of the cases; only a text that is written on meets a past of 13."""
    rename(model, {"logits": "right_logits"})
    next(value for value in model.graph.output if value.name == "right_logits").name = "logits"
    constant(model, "thirteen", np.array([13]))
    constant(model, "turned", np.array([-1], dtype=np.float32))
    constant(model, "kept", np.array([1], dtype=np.float32))
    model.graph.node.extend(
        [
            helper.make_node("Shape", [past], ["length_of_past"], start=2, end=3),
            helper.make_node("Equal", ["length_of_past", "thirteen"], ["is_thirteen"]),
            helper.make_node("Where", ["is_thirteen", "turned", "kept"], ["sign"]),
            helper.make_node("Mul", ["right_logits", "sign"], ["logits"]),
        ]
    )


def one_present_left_out(model: onnx.ModelProto) -> None:
    del model.graph.output[-1]


def fixed_past(model: onnx.ModelProto) -> None:
    for value in model.graph.input:
        if value.name.startswith("past_key_values."):
            value.type.tensor_type.shape.dim[2].dim_value = 17


def replace_input(model: onnx.ModelProto, name: str, by: str, nodes: list[onnx.NodeProto]) -> None:
    for node in model.graph.node:
        node.input[:] = [by if each == name else each for each in node.input]
    for place, node in enumerate(nodes):
        model.graph.node.insert(place, node)


def constant(model: onnx.ModelProto, name: str, value: np.ndarray) -> None:
    model.graph.initializer.append(numpy_helper.from_array(value, name))


def _ones(mask: str = MASK) -> list[onnx.NodeProto]:
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    shape = helper.make_node("Shape", [mask], ["its_shape"])
    return [shape, helper.make_node("ConstantOfShape", ["its_shape"], ["all_ones"], value=one)]


def swap(model: onnx.ModelProto, first: str, second: str) -> None:
    rename(model, {first: second, second: first})
