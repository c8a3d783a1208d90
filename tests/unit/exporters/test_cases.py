"""Which sizes prove a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.exporters import cases
from onnx_export_action.exporters.cases import Case, Padding, Reach

sizes = st.lists(st.integers(1, 200), min_size=1, max_size=5).map(tuple)
longest = st.one_of(st.none(), st.integers(1, 300))


def test_for_text__the_defaults_and_the_corners() -> None:
    reach = Reach(longest=512, vocabulary=128)
    assert [cases.describe(case) for case in cases.for_text((1, 2, 5), (7, 33), reach)] == [
        "batch 1, sequence 7",
        "batch 1, sequence 33",
        "batch 2, sequence 7, right padding",
        "batch 2, sequence 33, right padding",
        "batch 5, sequence 7, right padding",
        "batch 5, sequence 33, right padding",
        "batch 2, sequence 33, left padding",
        "batch 1, sequence 128",
        "batch 2, sequence 17, padding in between",
        "batch 1, sequence 1",
        "batch 9, sequence 9, left padding",
        "batch 1, sequence 512, 128 token ids",
    ]


@pytest.mark.parametrize(
    ("reach", "spread"),
    [
        (Reach(512, vocabulary=30_522), "batch 1, sequence 512, 480 token ids"),
        (Reach(480, vocabulary=30_522), "batch 8, sequence 61, 480 token ids"),
        (Reach(None, vocabulary=1000), "batch 8, sequence 61, 480 token ids"),
    ],
)
def test_for_text__the_longest_text_holds_the_spread_of_ids_where_it_can(reach: Reach, spread: str) -> None:
    *_, last = cases.for_text((1, 2, 5), (7, 33), reach)
    assert cases.describe(last) == spread


def test_for_text__one_row_where_the_user_asks_for_no_more() -> None:
    assert {case.batch for case in cases.for_text((1,), (7,), Reach(64, vocabulary=128))} == {1}


@pytest.mark.parametrize(
    ("reach", "tried"),
    [
        (Reach(160), 160),
        (Reach(20), 20),
        (Reach(1), 1),
        (Reach(None), 131),
        (Reach(None, farthest=257), 257),
        (Reach(100_000), 2048),
        (Reach(100_000, affordable=300), 300),
        (Reach(100_000, affordable=255), 255),
        (Reach(200, affordable=199), 199),
        (Reach(200, affordable=200), 200),
        (Reach(100, affordable=1), 100),
        (Reach(100_000, affordable=1), 131),
        (Reach(None, affordable=1), 131),
    ],
)
def test_reach__the_longest_that_one_can_afford(reach: Reach, tried: int) -> None:
    assert reach.tried == tried
    assert (1, tried) in {(case.batch, case.sequence) for case in cases.for_text((1, 2), (7,), reach)}


def test_for_text__one_long_text_where_its_double_is_too_much() -> None:
    few = Reach(2048, vocabulary=32_000, affordable=234)
    made = cases.for_text((1, 2, 5), (7, 33), few)
    assert [case for case in made if case.sequence >= 128] == [Case(1, 234, vocabulary=233)]
    assert [case for case in made if case.vocabulary and case.timed] == [Case(1, 234, vocabulary=233)]
    assert few.notes == ("Texts of more than 234 tokens were not tried; the model takes 2,048.",)
    assert cases.every_token(few) is None


def test_reach__says_what_was_not_tried() -> None:
    assert Reach(160, vocabulary=128).notes == ()
    assert Reach(8192, vocabulary=50_257, affordable=333).notes == (
        "Texts of more than 333 tokens were not tried; the model takes 8,192.",
    )


@pytest.mark.parametrize(
    ("reach", "always", "on_demand", "left"),
    [
        (Reach(160, vocabulary=128), 128, None, ""),
        (Reach(512, vocabulary=1000), 480, 1000, ""),
        (Reach(512, vocabulary=30_522, affordable=8820), 480, 8819, "8,819 of the 30,522 token ids were tried"),
        (Reach(512, vocabulary=50_257, affordable=333), 332, None, "332 of the 50,257 token ids were tried"),
    ],
)
def test_every_token__goes_beyond_the_spread_as_far_as_one_can_afford(
    reach: Reach, always: int, on_demand: int | None, left: str
) -> None:
    assert max(case.vocabulary for case in cases.for_text((1, 2), (7,), reach)) == always
    more = cases.every_token(reach)
    assert (more.vocabulary if more else None) == on_demand
    assert reach.left.startswith(left)
    assert bool(reach.left) == bool(left)


@pytest.mark.parametrize("padding", ["none", "right", "between"])
def test_timed__usual_sizes_alone(padding: Padding) -> None:
    assert Case(2, 33, padding).timed
    assert not Case(1, 512, padding).timed
    assert not Case(1, 1, padding, optional=True).timed
    assert not Case(9, 61, padding, vocabulary=500).timed


@given(batches=sizes, lengths=sizes, limit=longest, vocabulary=st.integers(0, 300))
def test_for_text__never_too_long_never_twice_always_padded(
    batches: tuple[int, ...], lengths: tuple[int, ...], limit: int | None, vocabulary: int
) -> None:
    made = cases.for_text(batches, lengths, Reach(limit, vocabulary=vocabulary))
    assert len(set(made)) == len(made)
    assert all(case.sequence <= (limit or case.sequence) for case in made)
    assert set(batches) <= {case.batch for case in made}
    assert {min(length, limit or length) for length in lengths} <= {case.sequence for case in made}
    assert any(case.padding == "left" for case in made)
    assert cases.sample(batches, lengths, limit).batch not in {case.batch for case in made if not case.vocabulary}


def test_with_past__the_defaults_and_the_corners() -> None:
    assert [cases.describe(case) for case in cases.with_past((1, 2, 5), (7, 33), Reach(512, vocabulary=128))] == [
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
        "batch 1, sequence 1, past 511",
        "batch 1, sequence 1",
        "batch 9, sequence 9, left padding",
        "batch 1, sequence 512, 128 token ids",
    ]


@given(batches=sizes, lengths=sizes, limit=st.one_of(st.none(), st.integers(2, 300)))
def test_with_past__fits_and_is_not_the_sample(
    batches: tuple[int, ...], lengths: tuple[int, ...], limit: int | None
) -> None:
    made = cases.with_past(batches, lengths, Reach(limit))
    assert len(set(made)) == len(made)
    assert all(case.sequence >= 1 and case.past + case.sequence <= (limit or 200) for case in made)
    assert {case.batch for case in made if case.past} == set(batches)
    assert any(not case.past for case in made)
    sample = cases.sample_with_past(batches, lengths, limit)
    assert sample.batch not in batches
    assert sample.past >= 1
    assert sample.past + sample.sequence <= (limit or 200)


def test_for_images__every_batch_a_larger_and_a_wider_image() -> None:
    made = cases.for_images((1, 2, 5))
    assert [(case.batch, case.scale, case.wide) for case in made] == [
        (1, 1, 1),
        (2, 1, 1),
        (5, 1, 1),
        (1, 1.5, 1),
        (1, 1, 2),
    ]
    assert [case.optional for case in made] == [False, False, False, True, True]


def test_for_sound__shorter_and_longer() -> None:
    made = cases.for_sound((1, 2, 5), (7, 33))
    assert [(case.batch, case.scale) for case in made] == [(1, 1.0), (2, 1.0), (5, 1.0), (5, 0.7), (1, 1.3)]
    assert {case.sequence for case in made} == {7, 33}


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (Reach(64, vocabulary=124), Case(2, 64, vocabulary=124)),
        (Reach(512, vocabulary=124), Case(1, 512, vocabulary=124)),
        (Reach(448, vocabulary=51_865, affordable=141), Case(1, 141, vocabulary=141)),
        (Reach(64), Case(1, 64)),
    ],
)
def test_for_sound__a_decoder_goes_to_its_end_through_the_vocabulary(reach: Reach, expected: Case) -> None:
    made = cases.for_sound((1, 2), (7, 33), reach)
    assert made[:-1] == cases.for_sound((1, 2), (7, 33))
    assert made[-1] == expected


@pytest.mark.parametrize(
    ("batches", "lengths", "limit", "expected"),
    [
        ((1, 2, 5), (7, 33), None, Case(3, 13)),
        ((1, 2, 3), (7, 13), None, Case(7, 19)),
        ((3, 7, 13, 17), (7,), None, Case(18, 13)),
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


def test_for_text__the_longest_text_holds_the_spread_where_both_cost_as_much_as_one_can_afford() -> None:
    made = cases.for_text((1, 2), (7,), Reach(1024, vocabulary=50_257, affordable=333))
    assert [(case.batch, case.sequence) for case in made if case.vocabulary] == [(1, 333)]
