"""Wrong files of a decoder with a cache: a Llama of two layers."""

from __future__ import annotations

import numpy as np
from onnx import helper

from tests.integration.wrong.edits import (
    Edit,
    Model,
    attribute,
    constant_node,
    element,
    exchanged,
    in_the_way,
    leaking,
    node,
    rewired,
    rounded_to_bits,
    row,
    size_above,
    sometimes,
    weight,
)

_LAYER = "/model/model/layers.{}"
_HIDDEN = f"{_LAYER.format(0)}/Add_1_output_0"


def _past_forgotten(model: Model) -> None:
    """The keys of the first layer's past count as zero."""
    for index, each in enumerate(model.graph.node):
        if "past_key_values.0.key" in each.input and each.op_type == "Concat":
            zeros = helper.make_node("Mul", ["past_key_values.0.key", "nothing"], ["no_past"])
            each.input[:] = ["no_past" if name == "past_key_values.0.key" else name for name in each.input]
            model.graph.node.insert(index, zeros)
            model.graph.node.insert(index, constant_node("nothing", np.float32(0)))
            return
    raise AssertionError("no node joins past and present")


def _positions_ignored(model: Model) -> None:
    """Positions counted from 0 at each call, whatever was before."""
    rewired("position_ids", "made_positions")(model)
    nodes = [
        constant_node("zero", np.array(0)),
        constant_node("one", np.array(1)),
        helper.make_node("Shape", ["input_ids"], ["columns"], start=1, end=2),
        helper.make_node("Squeeze", ["columns"], ["columns_as_number"]),
        helper.make_node("Range", ["zero", "columns_as_number", "one"], ["places"]),
        helper.make_node("Shape", ["input_ids"], ["their_shape"]),
        helper.make_node("Expand", ["places", "their_shape"], ["made_positions"]),
    ]
    for offset, each in enumerate(nodes):
        model.graph.node.insert(offset, each)


def _sees_the_future(model: Model) -> None:
    """No causal mask: every place sees every other."""
    found = next(each for each in model.graph.node if each.op_type == "LessOrEqual")
    place = list(model.graph.node).index(found)
    made = found.output[0]
    found.output[0] = "causal"
    model.graph.node.insert(place + 1, helper.make_node("Not", ["causal"], ["not_causal"]))
    model.graph.node.insert(place + 2, helper.make_node("Or", ["causal", "not_causal"], [made]))


def _rotation_of_wrong_sign(model: Model) -> None:
    maker = node(model, "/rotary_emb/Sin").output[0]
    in_the_way(maker, helper.make_node("Neg", ["before"], ["after"]))(model)


_DIFFERS = r"at batch \d+, sequence \d+.*: \S+ differs by up to"

WRONG: dict[str, tuple[Edit, str]] = {
    "a row of the words": (row("embed_tokens.weight", 77), _DIFFERS),
    "one weight of the head": (element("lm_head.weight", (3, 100), 0.01), _DIFFERS),
    "past forgotten": (_past_forgotten, r"past \d+.*differs"),
    "positions ignored": (_positions_ignored, r"(past \d+|left padding).*differs"),
    "keys and values exchanged": (exchanged("present.1.key", "present.1.value"), r"present.1.(key|value) differs"),
    "caches of two layers exchanged": (exchanged("present.0.key", "present.1.key"), r"present.\d.key differs"),
    "the future seen": (_sees_the_future, _DIFFERS),
    "rotation of the wrong sign": (_rotation_of_wrong_sign, _DIFFERS),
    "wrong beyond a past of 30": (
        sometimes(_HIDDEN, size_above("past_key_values.0.key", 2, 30)),
        r"past (159|\d{3}): .*differs",
    ),
    "keys of layer 0 in bf16": (
        weight("layers.0.self_attn.k_proj.weight", rounded_to_bits(7)),
        _DIFFERS,
    ),
    "batch leaking": (leaking(_HIDDEN), r"at batch (2|3|5|9), .*differs"),
    "a normalisation scaled": (
        weight("layers.1.input_layernorm.weight", lambda array: array * 1.0005),
        _DIFFERS,
    ),
    "softmax over the queries": (attribute("Softmax", "axis", -2, place=1), _DIFFERS),
}
