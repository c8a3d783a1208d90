"""One thing wrong with a right file at a time, each a change of the loaded model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
TEXT = "input_ids"


def weight(model: onnx.ModelProto, part: str) -> onnx.TensorProto:
    found: onnx.TensorProto = next(tensor for tensor in model.graph.initializer if part in tensor.name)
    return found


def change_weight(model: onnx.ModelProto, part: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    tensor = weight(model, part)
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor).copy()), tensor.name))


def put(index: tuple[int, ...], value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[index] = value
        return array

    return change


def one_weight(model: onnx.ModelProto) -> None:
    change_weight(model, "word_embeddings.weight", put((40, 3), 3.0))


def all_weights_a_little(model: onnx.ModelProto) -> None:
    change_weight(model, "qa_outputs.weight", lambda array: array * np.float32(1.002))


def nan_weight(model: onnx.ModelProto) -> None:
    change_weight(model, "qa_outputs.bias", put((0,), float("nan")))


def epsilon(model: onnx.ModelProto) -> None:
    norms = [node for node in model.graph.node if node.op_type == "LayerNormalization"]
    assert norms
    for node in norms:
        next(attribute for attribute in node.attribute if attribute.name == "epsilon").f = 1e-2


def swapped_outputs(model: onnx.ModelProto) -> None:
    rename(model, {"start_logits": "end_logits", "end_logits": "start_logits"})


def rename(model: onnx.ModelProto, names: dict[str, str]) -> None:
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)


def no_attention_mask(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.input[:] = ["all_ones" if name == "attention_mask" else name for name in node.input]
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    model.graph.node.insert(0, helper.make_node("Shape", [TEXT], ["its_shape"]))
    model.graph.node.insert(1, helper.make_node("ConstantOfShape", ["its_shape"], ["all_ones"], value=one))


def no_token_types(model: onnx.ModelProto) -> None:
    change_weight(model, "token_type_embeddings", lambda array: array[[0, 0]])


def fixed_batch(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 2


def baked_in_length(model: onnx.ModelProto) -> None:
    """The axes are declared dynamic, and the graph takes one length alone."""
    change = helper.make_node("Reshape", [TEXT, "size_of_the_sample"], ["ids_of_the_sample"])
    for node in model.graph.node:
        node.input[:] = ["ids_of_the_sample" if name == TEXT else name for name in node.input]
    model.graph.node.insert(0, change)
    model.graph.initializer.append(helper.make_tensor("size_of_the_sample", TensorProto.INT64, [2], [-1, 7]))


def renamed_input(model: onnx.ModelProto) -> None:
    rename(model, {TEXT: "ids"})


def extra_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("logits_to_keep", TensorProto.INT64, [1]))


def input_left_out(model: onnx.ModelProto) -> None:
    no_attention_mask(model)
    kept = [value for value in model.graph.input if value.name != "attention_mask"]
    del model.graph.input[:]
    model.graph.input.extend(kept)


def first_output_left_out(model: onnx.ModelProto) -> None:
    del model.graph.output[0]


def second_output_left_out(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def unknown_output(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Identity", ["start_logits"], ["something"]))
    model.graph.output.append(helper.make_tensor_value_info("something", TensorProto.FLOAT, ["b", "s"]))


def other_shape(model: onnx.ModelProto) -> None:
    rename(model, {"start_logits": "narrow"})
    axes = helper.make_tensor("new_axis", TensorProto.INT64, [1], [0])
    model.graph.initializer.append(axes)
    model.graph.node.append(helper.make_node("Unsqueeze", ["narrow", "new_axis"], ["start_logits"]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("start_logits", TensorProto.FLOAT, [1, "b", "s"]))


def cut_weight(model: onnx.ModelProto) -> None:
    tensor = weight(model, "qa_outputs.weight")
    tensor.raw_data = tensor.raw_data[:-4]


def unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "NoSuchOperator"


def dangling_edge(model: onnx.ModelProto) -> None:
    model.graph.node[-1].input[0] = "from_nowhere"


def other_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = OPSET - 1


def no_opset(model: onnx.ModelProto) -> None:
    del model.opset_import[:]


def newest_ir(model: onnx.ModelProto) -> None:
    model.ir_version = 99


def other_axis_names(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        for place, axis in enumerate(value.type.tensor_type.shape.dim):
            axis.dim_param = f"{value.name}_{place}"


def outputs_in_another_order(model: onnx.ModelProto) -> None:
    values = list(model.graph.output)[::-1]
    del model.graph.output[:]
    model.graph.output.extend(values)


def weights_within_the_limit(model: onnx.ModelProto) -> None:
    change_weight(model, "qa_outputs.weight", lambda array: array * np.float32(1 + 1e-6))


def nothing(_: onnx.ModelProto) -> None:
    pass


HARMLESS = (nothing, other_axis_names, outputs_in_another_order, weights_within_the_limit)
