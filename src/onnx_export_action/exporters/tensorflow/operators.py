"""Operators of everyday layers that tf2onnx 1.17 does not write: the exact GELU's and the CELU's; pure ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
from tf2onnx import utils


def erfc(graph: Any, node: Any, _name: str, _arguments: Any) -> None:
    """1 - erf(x)."""
    value = graph.make_node("Erf", [node.input[0]]).output[0]
    _replace(graph, node, lambda one: [one, value])


def expm1(graph: Any, node: Any, _name: str, _arguments: Any) -> None:
    """exp(x) - 1."""
    value = graph.make_node("Exp", [node.input[0]]).output[0]
    _replace(graph, node, lambda one: [value, one])


HANDLERS: dict[str, tuple[Any, list[Any]]] = {"Erfc": (erfc, []), "Expm1": (expm1, [])}


def _replace(graph: Any, node: Any, operands: Any) -> None:
    """A difference with 1 in the node's place, under its name."""
    shape, dtype = graph.get_shape(node.output[0]), graph.get_dtype(node.output[0])
    one = graph.make_const(utils.make_name("one"), np.array(1, utils.map_onnx_to_numpy_type(dtype))).output[0]
    outputs, name = node.output, node.name
    graph.remove_node(name)
    graph.make_node("Sub", operands(one), outputs=outputs, name=name, shapes=[shape], dtypes=[dtype])
