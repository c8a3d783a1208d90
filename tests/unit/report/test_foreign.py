"""Any bytes: a report within bounds, or a sentence."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.report import document, foreign
from tests.factories import make_error_report, make_failed_report, make_lone_report, make_report

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("report", [make_report(), make_failed_report(), make_error_report(), make_lone_report()])
def test_read__our_own_is_taken_but_for_the_command(report: Any) -> None:
    found = foreign.read(document.to_json(report).encode())
    expected = document.from_json(document.to_json(report)).model_copy(update={"reproduce": ""})
    assert found == expected


@given(content=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_read__anything_else_is_a_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^The report .*\.$"):
        foreign.read(content)


@given(field=st.sampled_from(sorted(json.loads(document.to_json(make_report())))), value=JSON)
def test_read__any_field_may_hold_anything(field: str, value: object) -> None:
    content = {**json.loads(document.to_json(make_report())), field: value}
    with suppress(ValueError):
        assert foreign.read(json.dumps(content).encode()).reproduce == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"warnings": ["x" * 20_001]},
        {"warnings": ["x"] * 5_001},
        {"x" * 20_001: 1},
        {"unknown": {str(number): 0 for number in range(5_001)}},
        {"unknown": [0] * 500_001},
        {"unknown": json.loads("[" * 30 + "]" * 30)},
    ],
)
def test_read__out_of_bounds(changes: dict[str, object]) -> None:
    content = {**json.loads(document.to_json(make_report())), **changes}
    with pytest.raises(ValueError, match="than any run of this program writes"):
        foreign.read(json.dumps(content).encode())


def test_read__too_many_bytes_are_not_parsed() -> None:
    with pytest.raises(ValueError, match="more than 4,194,304 bytes"):
        foreign.read(b" " * (foreign.MOST_BYTES + 1))
