"""Which release is the first to run an operator."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from onnx_export_action.validation import operators


def model_of(*nodes: onnx.NodeProto, opset: int = 20, **imported: int) -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = helper.make_graph(list(nodes), "g", values[:1], values[1:])
    domains = [helper.make_opsetid(domain, version) for domain, version in {"": opset, **imported}.items()]
    return helper.make_model(graph, opset_imports=domains)


def node(name: str, domain: str = "", **attributes: object) -> onnx.NodeProto:
    return helper.make_node(name, ["x"], ["y"], domain=domain, **attributes)


BRANCH = model_of(node("Gelu")).graph


@pytest.mark.parametrize(
    ("model", "release", "expected"),
    [
        (model_of(node("Relu")), (1, 16), []),
        (model_of(node("Gelu")), (1, 16), ["Gelu 20 (since 1.17)"]),
        (model_of(node("Gelu")), (1, 17), []),
        (model_of(node("Gelu")), (1, 15), []),
        (model_of(node("Gelu", domain="ai.onnx")), (1, 16), ["Gelu 20 (since 1.17)"]),
        (model_of(node("If", then_branch=BRANCH, else_branch=BRANCH)), (1, 16), ["Gelu 20 (since 1.17)"]),
        (model_of(node("Attention"), opset=23), (1, 22), ["Attention 23 (since 1.23)"]),
        (model_of(node("FusedMatMul", domain="com.microsoft")), (1, 16), []),
        (model_of(node("Constant"), node("NoSuch", domain="mine")), (1, 16), []),
    ],
)
def test_too_new__names_operator_version_and_release(
    model: onnx.ModelProto, release: tuple[int, int], expected: list[str]
) -> None:
    assert operators.too_new(model, release) == expected


def test_too_new__of_microsoft_names_the_domain() -> None:
    table = operators._table()["com.microsoft"]
    late = next(name for name, versions in table.items() if versions.get("1") == "1.32")
    found = operators.too_new(model_of(node(late, domain="com.microsoft")), (1, 31))
    assert found == [f"{late} 1 of com.microsoft (since 1.32)"]


def test_table__knows_every_release_and_no_version_before_its_own() -> None:
    releases = {first for domain in operators._table().values() for each in domain.values() for first in each.values()}
    assert releases <= {f"1.{minor}" for minor in range(16, 33)}
    assert {"1.16", "1.17", "1.18", "1.32"} <= releases
    assert not operators.covers((1, 15))
    assert operators.covers((1, 16))
