"""Sizes for the axes of a module that only its example inputs describe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.exporters.custom import sizes

names = st.sampled_from(["batch", "batch_size", "time", "sequence_length", "height", "s35"])
some = st.lists(st.integers(1, 64), min_size=1, max_size=4)


@given(names, st.integers(1, 10**4), some, some)
def test_for_cases__are_other_sizes_than_the_example(
    axis: str, own: int, batches: list[int], lengths: list[int]
) -> None:
    found = sizes.for_cases(axis, own, batches, lengths)
    assert own not in found
    assert min(found) > 0
    assert len(set(found)) == len(found) > 1


@given(names, st.integers(1, 10**4), some)
def test_for_sample__unused_sizes_come_first_and_none_is_one(axis: str, own: int, used: list[int]) -> None:
    found = list(sizes.for_sample(axis, own, used))
    assert 1 not in found
    assert found[0] not in used


def test_for_cases__what_the_inputs_ask_for() -> None:
    assert sizes.for_cases("batch", 2, (1, 2, 5), (7, 33))[:2] == (1, 5)
    assert sizes.for_cases("time", 16, (1, 2), (7, 33))[:2] == (7, 33)
    assert sizes.for_cases("height", 32, (1, 2), (7, 33))[:2] == (64, 33)


def test_describe__reads_as_a_phrase() -> None:
    assert sizes.describe({"batch_size": 2, "time": 14}) == "batch 2, time 14"
