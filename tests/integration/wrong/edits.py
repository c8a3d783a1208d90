"""What one can do to a loaded graph: change weights, put something in the way of a tensor, do so only sometimes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.integration.mutations import change_weight, put

Model = onnx.ModelProto
Edit = Callable[[Model], None]
Array = np.ndarray[Any, Any]


def weight(part: str, change: Callable[[Array], Array]) -> Edit:
    """The first weight with this in its name, changed."""
    return lambda model: change_weight(model, part, lambda array: change(array).astype(array.dtype))


def element(part: str, index: tuple[int, ...], by: float) -> Edit:
    """One element moved by so much."""
    return weight(part, lambda array: put(index, float(array[index]) + by)(array))


def row(part: str, index: int) -> Edit:
    """One row of a table exchanged with its neighbour's values."""
    return weight(part, lambda array: np.concatenate([array[:index], array[index - 1 : index], array[index + 1 :]]))


def rounded_to_bits(bits: int) -> Callable[[Array], Array]:
    """As a type with so many bits behind the leading one would hold it."""

    def change(array: Array) -> Array:
        mantissa, exponent = np.frexp(array)
        return np.ldexp(np.round(mantissa * 2 ** (bits + 1)) / 2 ** (bits + 1), exponent)

    return change


def int8(array: Array) -> Array:
    """As a table of 8 bits with one scale would hold it."""
    scale = np.abs(array).max() / 127
    return np.round(array / scale) * scale


def node(model: Model, part: str) -> onnx.NodeProto:
    """The first node with this at the end of its name."""
    found: onnx.NodeProto = next(each for each in model.graph.node if each.name.endswith(part))
    return found


def attribute(op_type: str, name: str, value: Any, place: int = 0) -> Edit:
    """One attribute of the n-th node of a type."""

    def edit(model: Model) -> None:
        found = [each for each in model.graph.node if each.op_type == op_type][place]
        kept = [each for each in found.attribute if each.name != name]
        del found.attribute[:]
        found.attribute.extend([*kept, helper.make_attribute(name, value)])

    return edit


def constant(part: str, value: float) -> Edit:
    """A constant in the graph that holds one number."""

    def edit(model: Model) -> None:
        held = node(model, part).attribute[0].t
        array = numpy_helper.to_array(held)
        held.CopyFrom(numpy_helper.from_array(np.full_like(array, value), held.name))

    return edit


def rewired(old: str, new: str) -> Edit:
    """Whoever reads one tensor reads another one."""

    def edit(model: Model) -> None:
        readers = [each for each in model.graph.node if old in each.input]
        assert readers
        for each in readers:
            each.input[:] = [new if name == old else name for name in each.input]

    return edit


def in_the_way(tensor: str, *nodes: onnx.NodeProto, **constants: Any) -> Edit:
    """Nodes that read `before` and write `after`, put where a tensor is made; graph outputs keep their name."""

    def edit(model: Model) -> None:
        graph = model.graph
        place = next(index for index, each in enumerate(graph.node) if tensor in each.output)
        maker = graph.node[place]
        if tensor in {value.name for value in graph.output}:
            maker.output[:] = ["before" if name == tensor else name for name in maker.output]
            names = {"before": "before", "after": tensor}
        else:
            rewired(tensor, "after")(model)
            names = {"before": tensor, "after": "after"}
        for offset, each in enumerate(nodes):
            copied = onnx.NodeProto()
            copied.CopyFrom(each)
            copied.input[:] = [names.get(name, name) for name in each.input]
            copied.output[:] = [names.get(name, name) for name in each.output]
            graph.node.insert(place + 1 + offset, copied)
        for name, value in constants.items():
            graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))

    return edit


def sometimes(tensor: str, when: list[onnx.NodeProto], by: float = 1.02, **constants: Any) -> Edit:
    """The tensor times `by` where nodes that write the truth value `when` say so."""
    nodes = [
        *when,
        helper.make_node("Where", ["when", "by_factor", "by_one"], ["by"]),
        helper.make_node("Mul", ["before", "by"], ["after"]),
    ]
    held = {"by_factor": np.float32(by), "by_one": np.float32(1)}
    return in_the_way(tensor, *nodes, **held, **constants)


def size_above(name: str, axis: int, size: int) -> list[onnx.NodeProto]:
    """The truth value `when`: an input is larger than that along an axis."""
    return [
        helper.make_node("Shape", [name], ["its_size"], start=axis, end=axis + 1),
        constant_node("bound", np.array([size])),
        helper.make_node("Greater", ["its_size", "bound"], ["when"]),
    ]


def constant_node(name: str, value: Array) -> onnx.NodeProto:
    """A constant of the graph."""
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))


def leaking(tensor: str, share: float = 0.01) -> Edit:
    """Every row gets a share of the mean over the batch."""
    return in_the_way(
        tensor,
        helper.make_node("ReduceMean", ["before", "batch_axis"], ["mean_row"], keepdims=1),
        helper.make_node("Sub", ["mean_row", "before"], ["to_the_mean"]),
        helper.make_node("Mul", ["to_the_mean", "share"], ["some"]),
        helper.make_node("Add", ["before", "some"], ["after"]),
        batch_axis=np.array([0]),
        share=np.float32(share),
    )


def noisy(tensor: str) -> Edit:
    """As dropout in training makes it: another answer at each run."""
    return in_the_way(
        tensor,
        helper.make_node("RandomUniformLike", ["before"], ["some"], low=0.9, high=1.1, dtype=TensorProto.FLOAT),
        helper.make_node("Mul", ["before", "some"], ["after"]),
    )


def as_type(tensor: str, kind: int) -> Edit:
    """An output of another type."""

    def edit(model: Model) -> None:
        in_the_way(tensor, helper.make_node("Cast", ["before"], ["after"], to=kind))(model)
        value = next(each for each in model.graph.output if each.name == tensor)
        value.type.tensor_type.elem_type = kind

    return edit


def exchanged(one: str, other: str) -> Edit:
    """Two outputs under each other's names."""

    def edit(model: Model) -> None:
        names = {one: other, other: one}
        for each in model.graph.node:
            each.output[:] = [names.get(name, name) for name in each.output]
            each.input[:] = [names.get(name, name) for name in each.input]

    return edit
