"""Which routes are tried, and in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.errors import UsageError
from onnx_export_action.exporters import ladder
from onnx_export_action.settings import MAX_OPSET, MIN_OPSET, Settings, parse
from tests.factories import make_file, make_model

ALL = ("torchscript", "optimum", "torch", "transformers")
GB = 10**9


def settings_of(**inputs: str) -> Settings:
    return parse({"model": "m", **inputs}, Path("/w"))


def tried(
    weight_bytes: int = 10**8, available: int = 10**12, types: frozenset[str] | None = None, **inputs: Any
) -> tuple[str, ...]:
    model = make_model(weights=(make_file("model.safetensors", weight_bytes),))
    model = model.model_copy(update={"task": inputs.get("task", model.task)})
    return ladder.rungs(settings_of(**inputs), model, available, types)[0]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, ALL),
        ({"opset": "9"}, ("torchscript", "optimum")),
        ({"opset": "17"}, ("torchscript", "optimum")),
        ({"opset": "18"}, ALL),
        ({"opset": "20"}, ALL),
        ({"opset": "21"}, ("torch", "transformers")),
        ({"opset": "23"}, ("torch", "transformers")),
        ({"target": "onnxruntime>=1.12"}, ("torchscript", "optimum")),
        ({"target": "onnxruntime>=1.20"}, ALL),
        ({"exporter": "optimum"}, ("optimum",)),
        ({"exporter": "torch", "opset": "9"}, ("torch",)),
    ],
)
def test_rungs__by_opset(inputs: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert tried(**inputs) == expected


def test_rungs__a_cache_by_known_names() -> None:
    assert tried(task="text-generation-with-past") == ("torchscript", "optimum", "torch")
    assert tried(task="text-generation-with-past", opset="21") == ("torch",)
    assert tried(task="text-generation") == ALL


@pytest.mark.parametrize(
    ("kind", "opset", "expected"),
    [
        ("module", "auto", ("torchscript", "torch")),
        ("program", "auto", ("torch", "torchscript")),
        ("torchscript", "auto", ("torchscript", "torch")),
        ("module", "17", ("torchscript",)),
        ("program", "23", ("torch",)),
        ("savedmodel", "auto", ("tensorflow",)),
        ("keras", "13", ("tensorflow",)),
    ],
)
def test_rungs__of_what_is_no_checkpoint(kind: Any, opset: str, expected: tuple[str, ...]) -> None:
    rungs, skipped = ladder.rungs(settings_of(opset=opset), make_model(kind=kind), 10**12, frozenset())
    assert rungs == expected
    assert "optimum" not in {rung.exporter for rung in skipped}


@pytest.mark.parametrize("inputs", [{"opset": "19"}, {"opset": "12", "exporter": "tensorflow"}])
def test_rungs__an_opset_that_no_route_of_the_model_writes(inputs: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"tensorflow, which alone exports 'net', writes opsets 13 to 18"):
        ladder.rungs(settings_of(**inputs), make_model(id="net", kind="savedmodel"), 10**12, None)


def test_readers__are_those_of_the_framework() -> None:
    assert ladder.readers(make_model()) == ("torch", "optimum")
    assert ladder.readers(make_model(kind="keras")) == ("tensorflow",)


def test_rungs__an_exporter_that_cannot_read_the_model() -> None:
    with pytest.raises(UsageError, match=r"optimum cannot export 'net\.py:make'"):
        ladder.rungs(settings_of(exporter="optimum"), make_model(id="net.py:make", kind="module"), 10**12, None)


def test_rungs__what_fits_into_memory_first() -> None:
    assert tried(10 * GB, 100 * GB) == ALL
    assert tried(10 * GB, 20 * GB) == ("torchscript", "optimum", "torch", "transformers")
    assert tried(10 * GB, 1 * GB) == ALL, "nothing fits: the order of speed stays, and all are tried"


def test_rungs__optimum_only_where_it_has_a_configuration() -> None:
    assert "optimum" in tried(types=frozenset({"bert"}))
    assert "optimum" not in tried(types=frozenset({"gpt2"}))
    assert "optimum" in tried(types=None)
    assert tried(types=frozenset(), exporter="optimum") == ("optimum",)


def test_tries__images_of_one_size_before_the_slowest_route_and_one_image_last() -> None:
    found = [(name, scope) for name, scope in ladder.tries(("torchscript", "optimum", "torch", "transformers"))]
    assert found == [
        *((name, "any size") for name in ("torchscript", "optimum", "torch")),
        *((name, "one size") for name in ("torchscript", "torch")),
        ("transformers", "any size"),
        *((name, "one image") for name in ("torchscript", "torch")),
    ]
    assert ladder.tries(("optimum",)) == (("optimum", "any size"),)


def test_rungs__say_why_one_is_left_out() -> None:
    _, skipped = ladder.rungs(settings_of(opset="21"), make_model(), 10**12, frozenset())
    assert [(rung.exporter, rung.reason) for rung in skipped] == [
        ("torchscript", "it writes opsets 9 to 20"),
        ("optimum", "it writes opsets 9 to 20"),
        ("optimum", "it has no configuration for bert"),
    ]


@given(
    opset=st.integers(MIN_OPSET, MAX_OPSET),
    weight_bytes=st.integers(0, 10**13),
    available=st.integers(0, 10**13),
    types=st.sampled_from([None, frozenset(), frozenset({"bert"})]),
)
def test_rungs__each_route_is_tried_once_or_left_out_with_a_reason(
    opset: int, weight_bytes: int, available: int, types: frozenset[str] | None
) -> None:
    model = make_model(weights=(make_file("model.safetensors", weight_bytes),))
    rungs, skipped = ladder.rungs(settings_of(opset=str(opset)), model, available, types)
    left_out = {rung.exporter for rung in skipped}
    assert sorted((*rungs, *left_out)) == sorted(ALL)
    assert set(rungs) <= set(ladder.writers(opset))
    assert rungs


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, 18),
        ({"opset": "13"}, 13),
        ({"target": "onnxruntime>=1.12"}, 17),
        ({"target": "onnxruntime>=1.20"}, 18),
        ({"target": "onnxruntime>=9.9"}, 18),
        ({"target": "onnxruntime>=1.12", "opset": "18"}, 18),
    ],
)
def test_opset_for__a_promise_wins(inputs: dict[str, str], expected: int) -> None:
    assert ladder.opset_for(settings_of(**inputs)) == expected
