"""Multiplications with an addition that one run takes, by the shapes of what is multiplied.

Counted are matrix products (`MatMul` and its kin, `Gemm`, `Einsum` of two operands), convolutions, recurrent layers and
attention (both of its products); ONNX Runtime's fused forms count what they stand for. Elementwise work, normalisation,
activations and pooling count nothing. A node whose shapes are not known, a product inside a branch or a loop, and an
operator of an unknown domain make the total unknown: it is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from onnx_export_action.comparison.counted import contrib
from onnx_export_action.comparison.counted.contrib import attribute, matrices
from onnx_export_action.comparison.counted.shapes import Shapes
from onnx_export_action.comparison.flat import Node

Sizes = tuple[int, ...]
Rule = Callable[[Node, list[Sizes], Sizes], int | None]

_FREE_FUSED = (*contrib.LIKE_THE_FIRST, "EmbedLayerNormalization")


def total(shapes: Shapes) -> tuple[int | None, str]:
    """All nodes together; None with the reason where one of them cannot be counted."""
    count, unknown = 0, []
    for node in shapes.flat.nodes:
        found = of_node(node, shapes)
        if found is None or (found and node.within):
            unknown.append(node)
        else:
            count += found
    if not unknown:
        return count, ""
    first = unknown[0]
    why = f"inside {first.within[-1]}" if first.within else "of unknown shape or kind"
    more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
    return None, f"{first.operator} {why}{more}"[:200]


def of_node(node: Node, shapes: Shapes) -> int | None:
    """What one node takes; None where that cannot be said."""
    name, domain = node.proto.op_type, node.proto.domain
    rule = _RULES.get(name)
    if rule is None:
        return 0 if domain in ("", "ai.onnx") or (domain == "com.microsoft" and name in _FREE_FUSED) else None
    inputs, output = [shapes.of(each) for each in node.inputs], shapes.of(node.outputs[0])
    if output is None or any(source is None for each, source in zip(node.inputs, inputs, strict=True) if each):
        return None
    try:
        return rule(node, [source.sizes if source else () for source in inputs], output.sizes)
    except (IndexError, ValueError, TypeError, ZeroDivisionError):
        return None  # an input that the operator must have is not there


def _matmul(node: Node, inputs: list[Sizes], output: Sizes) -> int:
    left, _ = matrices(node, inputs[0], inputs[1])
    return prod(output) * left[-1]


def _gemm(node: Node, inputs: list[Sizes], output: Sizes) -> int:
    return prod(output) * inputs[0][0 if attribute(node, "transA", 0) else 1]


def _by_blocks(node: Node, _: list[Sizes], output: Sizes) -> int:
    return prod(output) * int(attribute(node, "K", 0))


def _conv(_: Node, inputs: list[Sizes], output: Sizes) -> int:
    return prod(output) * prod(inputs[1][1:])


def _quantised(rule: Rule, second: int) -> Rule:
    """The same operator with its operands between scales and zero points."""
    return lambda node, inputs, output: rule(node, [inputs[0], inputs[second]], output)


def _transposed_conv(_: Node, inputs: list[Sizes], __: Sizes) -> int:
    return prod(inputs[0]) * prod(inputs[1][1:])


def _recurrent(_: Node, inputs: list[Sizes], __: Sizes) -> int:
    """Each step multiplies its input and its state with every weight once."""
    steps, batch = inputs[0][:2]  # the same product where the batch comes first
    return steps * batch * (prod(inputs[1]) + prod(inputs[2]))


def _einsum(node: Node, inputs: list[Sizes], _: Sizes) -> int | None:
    equation = attribute(node, "equation", b"").decode().replace(" ", "")
    terms = equation.split("->")[0].split(",")
    if "." in equation or len(terms) > 2:
        return None
    sizes = {
        letter: size
        for term, shape in zip(terms, inputs, strict=True)
        for letter, size in zip(term, shape, strict=True)
    }
    return prod(sizes.values()) if len(terms) == 2 else 0


def _attention(node: Node, inputs: list[Sizes], output: Sizes) -> int | None:
    """Queries with keys, and the weights with values."""
    if node.proto.domain == "com.microsoft":
        return _packed_attention(node, inputs, output)
    query, key, value = inputs[:3]
    past = inputs[4][2] if len(inputs) > 4 and inputs[4] else 0
    if len(query) == 4:
        batch, heads, length, size = query
        steps = key[2] + past
        return batch * heads * length * steps * (size + value[3])
    groups: int = attribute(node, "q_num_heads", 0) // attribute(node, "kv_num_heads", 0)
    return query[0] * query[1] * (key[1] + past) * (query[2] + value[2] * groups)


def _packed_attention(node: Node, inputs: list[Sizes], output: Sizes) -> int | None:
    if len(inputs) > 4 and inputs[4]:
        return None  # the length of the past has several layouts
    batch, length, hidden = inputs[0]
    sizes = attribute(node, "qkv_hidden_sizes", None)
    query: int = sizes[0] if sizes else inputs[1][1] // 3
    return batch * length * hidden * inputs[1][1] + batch * length * length * (query + output[2])


def _multi_head(_: Node, inputs: list[Sizes], output: Sizes) -> int | None:
    if len(inputs) > 6 and inputs[6]:
        return None
    query, key = inputs[:2]
    steps = key[1] if len(key) == 3 else key[2]
    return query[0] * query[1] * steps * (query[2] + output[2])


def _grouped(_: Node, inputs: list[Sizes], __: Sizes) -> int | None:
    query, key = inputs[:2]
    past = inputs[3] if len(inputs) > 3 else ()
    if not key or (past and prod(past) > 0):
        return None
    return 2 * query[0] * query[1] * key[1] * query[2]


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("MatMul", "MatMulInteger", *contrib.MATRIX_PRODUCTS), _matmul),
    **dict.fromkeys(("Gemm", "FusedGemm"), _gemm),
    **dict.fromkeys(("Conv", "ConvInteger", "FusedConv"), _conv),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "QLinearMatMul": _quantised(_matmul, 3),
    "QLinearConv": _quantised(_conv, 3),
    "ConvTranspose": _transposed_conv,
    "Einsum": _einsum,
    "MatMulNBits": _by_blocks,
    "Attention": _attention,
    "MultiHeadAttention": _multi_head,
    "GroupQueryAttention": _grouped,
}
