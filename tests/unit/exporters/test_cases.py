"""Which sizes prove a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.exporters import cases
from onnx_export_action.exporters.cases import Case

sizes = st.lists(st.integers(1, 200), min_size=1, max_size=5).map(tuple)
longest = st.one_of(st.none(), st.integers(1, 300))


def test_for_text__the_defaults_prove_eight_shapes() -> None:
    assert [cases.describe(case) for case in cases.for_text((1, 2, 5), (7, 33), 512)] == [
        "batch 1, sequence 7",
        "batch 1, sequence 33",
        "batch 2, sequence 7, right padding",
        "batch 2, sequence 33, right padding",
        "batch 5, sequence 7, right padding",
        "batch 5, sequence 33, right padding",
        "batch 2, sequence 33, left padding",
        "batch 1, sequence 128",
    ]


@pytest.mark.parametrize(("limit", "long"), [(None, 128), (1000, 128), (100, 100), (20, 20)])
def test_for_text__a_long_text_that_fits(limit: int | None, long: int) -> None:
    assert cases.for_text((1, 2), (7,), limit)[-1] == Case(1, long)


@given(batches=sizes, lengths=sizes, limit=longest)
def test_for_text__never_too_long_never_twice_always_padded(
    batches: tuple[int, ...], lengths: tuple[int, ...], limit: int | None
) -> None:
    made = cases.for_text(batches, lengths, limit)
    assert len(set(made)) == len(made)
    assert all(case.sequence <= (limit or case.sequence) for case in made)
    assert {case.batch for case in made} == set(batches)
    assert {min(length, limit or length) for length in lengths} <= {case.sequence for case in made}
    assert any(case.padding == "left" for case in made)
    assert all(case.padding != "none" or case.batch in (1, min(batches)) for case in made)


def test_with_past__the_defaults_prove_twelve_shapes() -> None:
    assert [cases.describe(case) for case in cases.with_past((1, 2, 5), (7, 33), 512)] == [
        "batch 1, sequence 7",
        "batch 1, sequence 33",
        "batch 2, sequence 7, left padding",
        "batch 2, sequence 33, left padding",
        "batch 5, sequence 7, left padding",
        "batch 5, sequence 33, left padding",
        "batch 2, sequence 33, right padding",
        "batch 1, sequence 1, past 3",
        "batch 2, sequence 1, past 11, left padding",
        "batch 5, sequence 1, past 29, left padding",
        "batch 2, sequence 7, past 23, left padding",
        "batch 1, sequence 1, past 127",
    ]


@given(batches=sizes, lengths=sizes, limit=st.one_of(st.none(), st.integers(2, 300)))
def test_with_past__fits_and_is_not_the_sample(
    batches: tuple[int, ...], lengths: tuple[int, ...], limit: int | None
) -> None:
    made = cases.with_past(batches, lengths, limit)
    assert len(set(made)) == len(made)
    assert all(case.sequence >= 1 and case.past + case.sequence <= (limit or 200) for case in made)
    assert {case.batch for case in made} == {case.batch for case in made if case.past} == set(batches)
    assert any(not case.past for case in made)
    assert all(case.padding != "none" or case.batch in (1, min(batches)) for case in made)
    sample = cases.sample_with_past(batches, lengths, limit)
    assert sample.batch not in batches
    assert sample.past >= 1
    assert sample.past + sample.sequence <= (limit or 200)


def test_for_images__every_batch_and_one_larger_image() -> None:
    assert cases.for_images((1, 2, 5)) == (Case(1, 1), Case(2, 1), Case(5, 1), Case(1, 1, scale=1.5))


def test_for_sound__shorter_and_longer() -> None:
    made = cases.for_sound((1, 2, 5), (7, 33))
    assert [(case.batch, case.scale) for case in made] == [(1, 1.0), (2, 1.0), (5, 1.0), (5, 0.7), (1, 1.3)]
    assert {case.sequence for case in made} == {7, 33}


@pytest.mark.parametrize(
    ("batches", "lengths", "limit", "expected"),
    [
        ((1, 2, 5), (7, 33), None, Case(3, 13)),
        ((1, 2, 3), (7, 13), None, Case(7, 19)),
        ((3, 7, 11, 13, 17), (7,), None, Case(18, 13)),
        ((1, 2, 5), (7, 33), 16, Case(3, 13)),
        ((1, 2, 5), (7, 33), 2, Case(3, 2)),
        ((1, 2, 5), (2,), 2, Case(3, 2)),
        ((1, 2, 5), (1,), 1, Case(3, 1)),
    ],
)
def test_sample__is_none_of_the_cases(
    batches: tuple[int, ...], lengths: tuple[int, ...], limit: int | None, expected: Case
) -> None:
    assert cases.sample(batches, lengths, limit) == expected


@given(batches=st.lists(st.integers(1, 40), min_size=1, max_size=20).map(tuple), lengths=sizes, limit=longest)
def test_sample__exists_for_all_sizes(batches: tuple[int, ...], lengths: tuple[int, ...], limit: int | None) -> None:
    sample = cases.sample(batches, lengths, limit)
    assert sample.batch not in batches
    assert 1 <= sample.sequence <= (limit or sample.sequence)
