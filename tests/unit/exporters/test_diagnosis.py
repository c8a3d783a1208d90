"""From an exporter's last words to a sentence and advice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.exporters import diagnosis


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        ("operator 'aten::scaled_dot_product_attention' to ONNX opset version 13 is not supported.", "opset 14"),
        ("Exporting the operator 'aten::diff' to ONNX opset version 18 is not supported.", "exporter: torch`"),
        ("No ONNX function found for <OpOverload(op='aten.grouped_mm')>", "exporter: transformers`"),
        ("Could not guard on data-dependent expression u0 > 1", "branches on its data"),
        ("Constraints violated (batch)!", "fixes a dynamic size"),
        ("Asked to export a x model: optimum only supports the tasks y", "no configuration for this pair"),
        ("a custom or unsupported architecture", "no configuration for this architecture"),
        ("Transformers does not recognize this architecture", "older than the architecture"),
        ("[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation", "dtype: fp32`"),
        ("ModuleNotFoundError: No module named 'einops'", "a package that is not installed"),
        ("something else", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_hint__by_cause(cause: str, advice: str) -> None:
    found = diagnosis.hint(cause)
    assert advice in found
    assert bool(found) == bool(advice)


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ("one\ntwo", "one"),
        ("\n\n  one  \ntwo", "one"),
        ("It failed because:\n  of this\nand that", "It failed because: of this"),
        ("It failed because:", "It failed because:"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("", "no message"),
        ("\n \n", "no message"),
        ("x" * 500, "x" * 399 + "…"),
    ],
)
def test_first_sentence__is_one_line(cause: str, sentence: str) -> None:
    assert diagnosis.first_sentence(cause) == sentence


@given(cause=st.text(), limit=st.integers(1, 500))
def test_first_sentence__never_longer_than_asked_and_never_empty(cause: str, limit: int) -> None:
    found = diagnosis.first_sentence(cause, limit)
    assert 0 < len(found) <= limit
    assert "\n" not in found
