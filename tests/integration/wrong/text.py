"""Wrong files of an encoder: a question-answering BERT of two layers."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from tests.integration.wrong.edits import (
    Array,
    Edit,
    Model,
    as_type,
    attribute,
    constant,
    constant_node,
    element,
    in_the_way,
    int8,
    leaking,
    node,
    noisy,
    rewired,
    rounded_to_bits,
    row,
    size_above,
    sometimes,
    weight,
)

_LAYER = "/model/bert/encoder/layer.{}"
_SELF = f"{_LAYER}/attention/self"
_HIDDEN = f"{_LAYER.format(0)}/output/LayerNorm/LayerNormalization_output_0"
_LAST = f"{_LAYER.format(1)}/output/LayerNorm/LayerNormalization_output_0"
_GELU = f"{_LAYER.format(0)}/intermediate/intermediate_act_fn"
_EMBEDDED = "/model/bert/embeddings/LayerNorm/LayerNormalization_output_0"
_MASK = "attention_mask"


def _tanh_for_erf(model: Model) -> None:
    """The approximation of GELU that other models are trained with; they differ by less than 5e-4."""
    erf = node(model, f"{_GELU}/Erf")
    place = list(model.graph.node).index(erf)
    half = erf.input[0]  # x over the root of 2
    inner = float(np.sqrt(2) * np.sqrt(2 / np.pi))
    nodes = [
        constant_node("three", np.float32(3)),
        constant_node("cubic", np.float32(0.044715 * 2)),
        constant_node("linear", np.float32(inner)),
        helper.make_node("Pow", [half, "three"], ["cubed"]),
        helper.make_node("Mul", ["cubed", "cubic"], ["scaled_cube"]),
        helper.make_node("Add", [half, "scaled_cube"], ["sum_of_both"]),
        helper.make_node("Mul", ["sum_of_both", "linear"], ["argument"]),
        helper.make_node("Tanh", ["argument"], [erf.output[0]]),
    ]
    model.graph.node.remove(erf)
    for offset, each in enumerate(nodes):
        model.graph.node.insert(place + offset, each)


def _relu_for_gelu(model: Model) -> None:
    source = node(model, f"{_LAYER.format(0)}/intermediate/dense/Add").output[0]
    in_the_way(f"{_GELU}/Mul_1_output_0", helper.make_node("Relu", [source], ["after"]))(model)


def _heads_exchanged(array: Array) -> Array:
    """The columns of the first two heads of four."""
    return np.concatenate([array[..., 8:16], array[..., :8], array[..., 16:]], axis=-1)


def _position_table_cut(model: Model) -> None:
    found = next(each for each in model.graph.node if "position_embeddings.weight" in " ".join(each.input))
    place = list(model.graph.node).index(found)
    model.graph.node.insert(place, helper.make_node("Min", [found.input[1], "last_place"], ["places_in_reach"]))
    model.graph.node.insert(place, constant_node("last_place", np.array(100)))
    found.input[1] = "places_in_reach"


def _input_of_32_bits(model: Model) -> None:
    value = next(each for each in model.graph.input if each.name == "input_ids")
    value.type.tensor_type.elem_type = TensorProto.INT32
    rewired("input_ids", "wide_ids")(model)
    model.graph.node.insert(0, helper.make_node("Cast", ["input_ids"], ["wide_ids"], to=TensorProto.INT64))


def _left_padded() -> list[object]:
    """The truth value `when`: some row begins with padding."""
    return [
        constant_node("first", np.array([0])),
        helper.make_node("Gather", [_MASK, "first"], ["first_places"], axis=1),
        helper.make_node("ReduceMin", ["first_places"], ["least_mask"], keepdims=0),
        constant_node("half_of_one", np.array(1)),
        helper.make_node("Less", ["least_mask", "half_of_one"], ["when"]),
    ]


def _mask_by_length(model: Model) -> None:
    """The mask as a number of tokens from the left: right for right padding alone."""
    rewired(_MASK, "mask_of_lengths")(model)
    nodes = [
        constant_node("row_axis", np.array([1])),
        helper.make_node("ReduceSum", [_MASK, "row_axis"], ["lengths"], keepdims=1),
        constant_node("zero", np.array(0)),
        constant_node("one", np.array(1)),
        helper.make_node("Shape", [_MASK], ["columns"], start=1, end=2),
        helper.make_node("Squeeze", ["columns"], ["columns_as_number"]),
        helper.make_node("Range", ["zero", "columns_as_number", "one"], ["places"]),
        helper.make_node("Less", ["places", "lengths"], ["within"]),
        helper.make_node("Cast", ["within"], ["mask_of_lengths"], to=TensorProto.INT64),
    ]
    for offset, each in enumerate(nodes):
        model.graph.node.insert(offset, each)


_DIFFERS = r"at batch \d+, sequence \d+.*: (start|end)_logits differs by up to"

WRONG: dict[str, tuple[Edit, str]] = {
    "first row of the words": (row("word_embeddings.weight", 5), _DIFFERS),
    "last row of the words": (row("word_embeddings.weight", 127), _DIFFERS),
    "mask token's row": (row("word_embeddings.weight", 4), _DIFFERS),
    "one element of one row": (element("word_embeddings.weight", (99, 7), 0.01), _DIFFERS),
    "last position": (row("position_embeddings.weight", 159), r"at batch 1, sequence 160.*: .*differs"),
    "a middle position": (row("position_embeddings.weight", 140), r"at batch 1, sequence 160.*: .*differs"),
    "position table cut": (_position_table_cut, r"at batch 1, sequence (128|160).*: .*differs"),
    "token types exchanged": (weight("token_type_embeddings", lambda array: array[::-1]), _DIFFERS),
    "one bias": (element("layer.0.attention.self.value.bias", (3,), 1e-3), _DIFFERS),
    "one weight of a matrix": (element("layer.1.intermediate.dense.weight", (3, 4), 3e-3), _DIFFERS),
    "classifier scaled by a thousandth": (weight("qa_outputs.weight", lambda array: array * 1.001), _DIFFERS),
    "a matrix in 8 bits": (weight("layer.0.output.dense.weight", int8), _DIFFERS),
    "a matrix in fp8": (weight("layer.0.output.dense.weight", rounded_to_bits(3)), _DIFFERS),
    "a matrix in bf16": (weight("layer.1.attention.self.key.weight", rounded_to_bits(7)), _DIFFERS),
    "a matrix in fp16": (weight("layer.1.attention.self.key.weight", rounded_to_bits(10)), _DIFFERS),
    "matrix transposed": (weight("layer.0.attention.output.dense.weight", np.transpose), _DIFFERS),
    "heads of the queries exchanged": (weight("layer.0.attention.self.query.weight", _heads_exchanged), _DIFFERS),
    "a layer dropped": (rewired(_LAST, _HIDDEN), _DIFFERS),
    "a residual dropped": (
        rewired(f"{_LAYER.format(0)}/output/Add_output_0", f"{_LAYER.format(0)}/output/dense/Add_output_0"),
        _DIFFERS,
    ),
    "epsilon 1e-5 for 1e-12": (attribute("LayerNormalization", "epsilon", 1e-5, place=0), _DIFFERS),
    "tanh for erf": (_tanh_for_erf, _DIFFERS),
    "relu for gelu": (_relu_for_gelu, _DIFFERS),
    "attention scaled by a hundredth": (
        weight("layer.0.attention.self.query.weight", lambda array: array * 1.01),
        _DIFFERS,
    ),
    "softmax over the queries": (attribute("Softmax", "axis", -2), _DIFFERS),
    "mask of -1": (constant(f"{_SELF.format(0)}/Constant_4", -1.0), r"padding.*: .*differs"),
    "mask of -10": (constant(f"{_SELF.format(0)}/Constant_4", -10.0), r"padding.*: .*differs"),
    "mask by length": (_mask_by_length, r"(left padding|padding in between): .*differs"),
    "dropout left on": (noisy(_HIDDEN), _DIFFERS),
    "batch leaking": (leaking(_HIDDEN), r"at batch (2|3|5|9), .*differs"),
    "batch leaking a ten thousandth": (leaking(_HIDDEN, 1e-4), r"at batch (2|3|5|9), .*differs"),
    "wrong beyond 64 tokens": (sometimes(_HIDDEN, size_above("input_ids", 1, 64)), r"sequence (128|160).*: .*differs"),
    "wrong beyond 150 tokens": (sometimes(_HIDDEN, size_above("input_ids", 1, 150)), r"sequence 160.*: .*differs"),
    "wrong beyond 4 rows": (sometimes(_HIDDEN, size_above("input_ids", 0, 4)), r"at batch (5|9), .*differs"),
    "wrong beyond 8 rows": (sometimes(_HIDDEN, size_above("input_ids", 0, 8)), r"at batch 9, .*differs"),
    "wrong with left padding alone": (sometimes(_HIDDEN, _left_padded()), r"left padding: .*differs"),
    "ids of 32 bits": (_input_of_32_bits, r"Unexpected input data type"),
    "an output in fp64": (as_type("start_logits", TensorProto.DOUBLE), r"type float64 instead of float32"),
    "an output in fp16": (as_type("end_logits", TensorProto.FLOAT16), r"type float16 instead of float32"),
    "embeddings not normalised": (rewired(_EMBEDDED, "/model/bert/embeddings/Add_1_output_0"), _DIFFERS),
}
