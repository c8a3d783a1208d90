"""Wrong files of an encoder that are right nearly everywhere: wrong in one row, at one token, at one size."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from tests.integration.wrong.edits import Edit, Model, constant_node, in_the_way, rewired, sometimes

_HIDDEN = "/model/bert/encoder/layer.0/output/LayerNorm/LayerNormalization_output_0"
_ACTIVATED = "/model/bert/encoder/layer.0/intermediate/intermediate_act_fn/Mul_1_output_0"
_MASK, _IDS = "attention_mask", "input_ids"


def _mask_ignored_from_the_third_row(model: Model) -> None:
    rewired(_MASK, "mask_of_two_rows")(model)
    nodes = [
        *(constant_node(name, np.array(value)) for name, value in (("zero", 0), ("one", 1), ("two", 2))),
        constant_node("columns_axis", np.array([1])),
        helper.make_node("Shape", [_MASK], ["rows"], start=0, end=1),
        helper.make_node("Squeeze", ["rows"], ["rows_as_number"]),
        helper.make_node("Range", ["zero", "rows_as_number", "one"], ["row_numbers"]),
        helper.make_node("Unsqueeze", ["row_numbers", "columns_axis"], ["row_of_each"]),
        helper.make_node("Less", ["row_of_each", "two"], ["first_rows"]),
        helper.make_node("Where", ["first_rows", _MASK, "one"], ["mask_of_two_rows"]),
    ]
    for offset, each in enumerate(nodes):
        model.graph.node.insert(offset, each)


def _token(token: int) -> list[object]:
    """The truth value `when`: a token is read."""
    return [
        constant_node("token", np.array(token)),
        helper.make_node("Equal", [_IDS, "token"], ["is_it"]),
        helper.make_node("Cast", ["is_it"], ["it_counts"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["it_counts"], ["some"], keepdims=0),
        helper.make_node("Cast", ["some"], ["when"], to=TensorProto.BOOL),
    ]


def _size(axis: int, size: int) -> list[object]:
    """The truth value `when`: rows (0) or tokens (1) are so many."""
    return [
        helper.make_node("Shape", [_IDS], ["its_size"], start=axis, end=axis + 1),
        constant_node("bound", np.array([size])),
        helper.make_node("Equal", ["its_size", "bound"], ["when"]),
    ]


def _as_many_rows_as_tokens() -> list[object]:
    """The truth value `when`: both sizes are the same, as where a transposition is not seen by the shape."""
    return [
        helper.make_node("Shape", [_IDS], ["its_rows"], start=0, end=1),
        helper.make_node("Shape", [_IDS], ["its_columns"], start=1, end=2),
        constant_node("single", np.array([1])),
        helper.make_node("Equal", ["its_rows", "its_columns"], ["square"]),
        helper.make_node("Greater", ["its_rows", "single"], ["several"]),
        helper.make_node("And", ["square", "several"], ["when"]),
    ]


def _one_row_is_another_branch(model: Model) -> None:
    """An `If` on the number of rows, as an exporter writes for `if len(x) == 1`: one row alone is not normalised."""
    in_the_way(_HIDDEN, helper.make_node("Identity", ["before"], ["after"]))(model)
    then, other = (
        helper.make_graph([helper.make_node(kind, [source], [out])], kind, [], [_float(out)])
        for kind, source, out in (("Tanh", _HIDDEN, "of_one"), ("Identity", _HIDDEN, "of_several"))
    )
    place = next(index for index, each in enumerate(model.graph.node) if list(each.output) == ["after"])
    model.graph.node.remove(model.graph.node[place])
    nodes = [*_size(0, 1), helper.make_node("If", ["when"], ["after"], then_branch=then, else_branch=other)]
    for offset, each in enumerate(nodes):
        model.graph.node.insert(place + offset, each)


def _float(name: str) -> object:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


_DIFFERS = r"(start|end)_logits differs by up to"

WRONG: dict[str, tuple[Edit, str]] = {
    "mask ignored from the third row": (_mask_ignored_from_the_third_row, rf"batch (5|9), .*padding.*{_DIFFERS}"),
    "wrong where the last token is read": (sometimes(_HIDDEN, _token(127)), _DIFFERS),
    "wrong where one token is read": (sometimes(_HIDDEN, _token(77), 1.001), _DIFFERS),
    "wrong at the longest length": (sometimes(_HIDDEN, _size(1, 160)), rf"sequence 160.*: {_DIFFERS}"),
    "wrong at one token": (sometimes(_HIDDEN, _size(1, 1)), rf"sequence 1: {_DIFFERS}"),
    "wrong for one row alone": (sometimes(_HIDDEN, _size(0, 1)), rf"batch 1, .*{_DIFFERS}"),
    "another branch for one row": (_one_row_is_another_branch, rf"batch 1, .*{_DIFFERS}"),
    "wrong for as many rows as tokens": (
        sometimes(_HIDDEN, _as_many_rows_as_tokens()),
        rf"batch 9, sequence 9.*{_DIFFERS}",
    ),
    "NaN where there is padding": (
        in_the_way(
            "start_logits",
            helper.make_node("Cast", [_MASK], ["as_truth"], to=TensorProto.BOOL),
            helper.make_node("Where", ["as_truth", "before", "not_a_number"], ["after"]),
            not_a_number=np.float32(np.nan),
        ),
        r"padding.*: start_logits, \d+ values at padded positions are NaN or infinite, and the model's are not",
    ),
    "a large activation cut off": (
        in_the_way(_ACTIVATED, helper.make_node("Clip", ["before", "", "most"], ["after"]), most=np.float32(3)),
        _DIFFERS,
    ),
    "hidden states rounded to half": (
        in_the_way(
            _HIDDEN,
            helper.make_node("Cast", ["before"], ["half"], to=TensorProto.FLOAT16),
            helper.make_node("Cast", ["half"], ["after"], to=TensorProto.FLOAT),
        ),
        _DIFFERS,
    ),
    "rows turned round": (
        in_the_way(
            _HIDDEN,
            helper.make_node("Slice", ["before", "from", "to", "first_axis", "back"], ["after"]),
            **{"from": np.array([-1]), "to": np.array([-(2**31)]), "first_axis": np.array([0]), "back": np.array([-1])},
        ),
        rf"batch (2|3|5|9), .*{_DIFFERS}",
    ),
}
