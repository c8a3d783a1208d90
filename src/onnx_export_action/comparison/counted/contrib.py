"""Output shapes of ONNX Runtime's own operators, which ONNX's inference does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx

from onnx_export_action.comparison.flat import Node

Known = tuple[int, tuple[int, ...]]
Sources = Sequence[Known | None]

_DOMAIN = "com.microsoft"
LIKE_THE_FIRST = (
    "BiasGelu",
    "FastGelu",
    "Gelu",
    "GroupNorm",
    "QuickGelu",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
    "SkipGroupNorm",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
)
_WITH_ACTIVATION = ("FusedConv", "FusedGemm")
MATRIX_PRODUCTS = ("FusedMatMul", "TransposeMatMul", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")


def shapes(node: Node, sources: Sources) -> list[Known] | None:
    """The outputs' types and shapes; None for an operator that is not among these, or with an unknown input."""
    name = node.proto.op_type
    rule = _RULES.get(name) if node.proto.domain == _DOMAIN else None
    if name == "SimplifiedLayerNormalization" and not node.proto.domain:
        rule = _first  # ONNX Runtime writes it into ONNX's own domain
    if rule is None or not sources or sources[0] is None:
        return None
    return rule(node, sources)


def plain(proto: onnx.NodeProto) -> onnx.NodeProto:
    """The node as ONNX knows it: without the activation that is fused to it, which changes no shape."""
    if proto.domain != _DOMAIN or proto.op_type not in _WITH_ACTIVATION:
        return proto
    kept = [each for each in proto.attribute if not each.name.startswith("activation")]
    return onnx.NodeProto(
        op_type=proto.op_type.removeprefix("Fused"), input=proto.input, output=proto.output, attribute=kept
    )


def attribute(node: Node, name: str, default: Any) -> Any:
    """An attribute's value, or what it is when it is not written."""
    found = next((each for each in node.proto.attribute if each.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)


def matrices(node: Node, left: tuple[int, ...], right: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The operands of a matrix product as they are multiplied."""
    return (
        (*left[:-2], left[-1], left[-2]) if attribute(node, "transA", 0) and len(left) > 1 else left,
        (*right[:-2], right[-1], right[-2]) if attribute(node, "transB", 0) and len(right) > 1 else right,
    )


def _first(node: Node, sources: Sources) -> list[Known] | None:
    first = sources[0]
    assert first is not None
    if node.proto.op_type.startswith("Skip") and len(node.outputs) > 1 and any(node.outputs[1:3]):
        return [first]  # mean and variance, which nobody reads, have another shape
    return [first] * len(node.outputs)


def _product(node: Node, sources: Sources) -> list[Known] | None:
    first, second = sources[0], sources[1]
    if first is None or second is None or attribute(node, "transBatchA", 0) or attribute(node, "transBatchB", 0):
        return None
    left, right = matrices(node, first[1], second[1])
    if len(left) < 2 or (len(right) != 2 and left[:-2] != right[:-2]):
        return None
    kind = first[0] if node.proto.op_type in ("FusedMatMul", "TransposeMatMul") else onnx.TensorProto.FLOAT
    return [(kind, (*left[:-1], right[-1]))]


def _by_blocks(node: Node, sources: Sources) -> list[Known] | None:
    first = sources[0]
    assert first is not None
    return [(first[0], (*first[1][:-1], attribute(node, "N", 0)))]


def _attention(node: Node, sources: Sources) -> list[Known] | None:
    first, weights = sources[0], sources[1]
    if first is None or weights is None or len(first[1]) != 3:
        return None
    sizes = attribute(node, "qkv_hidden_sizes", None)
    hidden = sizes[2] if sizes else weights[1][1] // 3
    return [(first[0], (*first[1][:2], hidden))]


def _multi_head(_: Node, sources: Sources) -> list[Known] | None:
    query, value = sources[0], sources[2] if len(sources) > 2 else None
    if query is None or value is None or len(query[1]) != 3 or len(value[1]) not in (3, 4):
        return None
    hidden = value[1][-1] if len(value[1]) == 3 else value[1][1] * value[1][3]
    return [(query[0], (*query[1][:2], hidden))]


def _grouped(_: Node, sources: Sources) -> list[Known] | None:
    query = sources[0]
    packed = len(sources) < 3 or sources[1] is None
    return None if packed or query is None else [query]


def _embedding(_: Node, sources: Sources) -> list[Known] | None:
    ids, words = sources[0], sources[2] if len(sources) > 2 else None
    return None if ids is None or words is None else [(words[0], (*ids[1], words[1][1]))]


_RULES: dict[str, Callable[[Node, Sources], list[Known] | None]] = {
    **dict.fromkeys(LIKE_THE_FIRST, _first),
    **dict.fromkeys(MATRIX_PRODUCTS, _product),
    "Attention": _attention,
    "EmbedLayerNormalization": _embedding,
    "GroupQueryAttention": _grouped,
    "MatMulNBits": _by_blocks,
    "MultiHeadAttention": _multi_head,
}
