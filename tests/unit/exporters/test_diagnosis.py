"""From an exporter's last words to a sentence and advice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.exporters import diagnosis

_OPSET = "operator 'aten::scaled_dot_product_attention' to ONNX opset version 13 is not supported"


@pytest.mark.parametrize(
    ("cause", "sentence", "advice"),
    [
        (f"{_OPSET}. Support was added in version 14", "at opset 13; opset 14 has one", "`opset` to 14"),
        ("operator 'aten::diff' to ONNX opset version 18 is not supported.", "operator aten::diff has no", "torch`"),
        ("No ONNX function found for <OpOverload(op='aten.grouped_mm', overload", "aten.grouped_mm", "torch"),
        ("Could not guard on data-dependent expression u0 > 1", "branches on the values", "torch.where"),
        ("Constraints violated (batch)!", "fixes an axis", "looping"),
        ("The size of tensor a (36) must match the size of tensor b (16) at", "36 against 16", "sizes in"),
        ("shape '[21, 4, -1]' is invalid for input of size 678", "lays 678 values out", "preprocessor_config.json"),
        ("expects the mel input features to be of length 100, but found 3000", "100 frames", "another `exporter`"),
        ("TypeError: type Tensor doesn't define __round__ method", "size in Python", "torch"),
        ("Asked to export a x model: optimum only supports the tasks y", "with this task", "another `exporter`"),
        ("a custom or unsupported architecture", "no configuration for this architecture", "another `exporter`"),
        ("Transformers does not recognize this architecture", "does not know the architecture", "older transformers"),
        ("[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation", "no kernel", "dtype: fp32`"),
        ("ModuleNotFoundError: No module named 'einops'", "needs the package einops", "an image in which"),
        ("EncodeError: Failed to serialize proto", "more than 2 GiB", "a parameter or a buffer of the model"),
        ("The serialized model is larger than the 2GiB limit", "more than 2 GiB", "beside the graph"),
        ("ValueError: please pass trust_remote_code=True", "code of its own", "trust-remote-code: true`"),
    ],
)  # fmt: skip
def test_diagnose__what_is_known(cause: str, sentence: str, advice: str) -> None:
    found = diagnosis.diagnose(cause)
    assert sentence in found.cause
    assert found.cause.endswith(".")
    assert advice in found.remedy
    assert diagnosis.hint(cause) == found.remedy


def test_diagnose__what_is_not_known_says_so_with_the_last_words() -> None:
    found = diagnosis.diagnose("OddError: something else\nmore")
    assert found.cause == "This failure is not known here. The exporter's last words: OddError: something else"
    assert found.remedy == diagnosis.hint("something else") == ""


_FRAMES = """Traceback (most recent call last):
  File "/opt/lib/python3.11/site-packages/onnx_export_action/exporters/module.py", line 3, in forward
    return self.model(x)
  File "/opt/lib/python3.11/site-packages/transformers/models/bert/modeling_bert.py", line 55, in forward
    if mask.any():
  File "/opt/lib/python3.11/site-packages/torch/_ops.py", line 9, in __call__
    return op()
"""


def test_diagnose__names_the_place_in_the_model_and_no_path() -> None:
    found = diagnosis.diagnose("data-dependent", _FRAMES)
    assert found.cause.endswith(" in modeling_bert.py, line 55, in forward: `if mask.any():`.")


@given(cause=st.text(), traceback=st.text())
def test_diagnose__any_text_ends_in_one_line(cause: str, traceback: str) -> None:
    found = diagnosis.diagnose(cause, traceback)
    assert found.cause
    assert "\n" not in found.cause


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
