"""One comment whatever happens at the same time, and no write without need."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onnx_export_action.github.comment import exchange
from onnx_export_action.github.comment import page as comment_page
from onnx_export_action.github.comment import text as comment_text
from onnx_export_action.github.comment.exchange import Standing
from onnx_export_action.github.failure import Failed, Later, Unsure
from tests.unit.github.comments_model import CONTEXT, Store, Turns, make_part
from tests.unit.github.comments_rush import Rush, part_of_job

STANDING = comment_text.merged([], [make_part(9, model="acme/other")], CONTEXT)


def write(store: Store, part: comment_page.Part, always: bool = False) -> str:
    return exchange.write(store, [part], CONTEXT, always, sleep=lambda _: None)


# Two lines of texts, one with a part and one without, of which a single look found the one with it.
@example(order=[0, 1, 3, 3, 0, 1, 0, 2, 1], count=4, standing=1)
@given(order=st.lists(st.integers(0, 5), max_size=60), count=st.integers(2, 4), standing=st.integers(0, 2))
def test_write__writers_in_any_order_lose_no_part(order: list[int], count: int, standing: int) -> None:
    store = Store(dict.fromkeys(range(1, standing + 1), STANDING))
    parts = [make_part(key, model=f"acme/{key}", digest=f"{key:016x}") for key in range(1, count + 1)]
    assert Turns(store, order).write(parts) == []
    (body,) = store.bodies.values()
    expected = {part.key: part.row for part in parts} | (
        {f"{9:016x}": make_part(model="acme/other").row} if standing else {}
    )
    assert {part.key: part.row for part in comment_text.parts_of(body)} == expected


def test_write__the_order_that_loses_a_part_without_the_second_look() -> None:
    store = Store({1: STANDING})
    first, second = make_part(1), make_part(2)
    # Both read, the first writes, the second writes over it, then each looks again.
    assert Turns(store, [0, 1, 0, 1]).write([first, second]) == []
    assert store.writes.count("update") == 3


@pytest.mark.parametrize(("seed", "within"), [(0, 0), (0, 2), (1, 2)])
def test_write__forty_jobs_of_a_matrix_find_their_place(seed: int, within: float) -> None:
    store, parts = Store(), [part_of_job(number) for number in range(40)]
    assert Rush(store, seed).write(parts, within) == []
    (body,) = store.bodies.values()
    assert {part.key for part in comment_text.parts_of(body)} == {part.key for part in parts}


def test_write__nothing_stands_yet() -> None:
    store = Store()
    assert write(store, make_part()) == "https://github.com/c/1"
    assert store.writes == ["create"]


@pytest.mark.parametrize(
    ("changes", "writes"),
    [
        ({}, 0),
        ({"run": 6, "commit": "b" * 40}, 0),
        ({"run": 6, "p50": 4.9}, 0),
        ({"run": 6, "p50": 8.2}, 1),
        ({"run": 6, "p50": None}, 1),
        ({"run": 6, "digest": "1" * 16}, 1),
    ],
)
def test_write__auto_writes_only_what_differs(changes: dict[str, object], writes: int) -> None:
    store = Store()
    write(store, make_part())
    write(store, make_part(**changes))
    assert store.writes == ["create"] + ["update"] * writes
    assert len(store.bodies) == 1


def test_write__always_writes_for_another_run() -> None:
    store = Store()
    write(store, make_part())
    write(store, make_part(run=6), always=True)
    assert store.writes == ["create", "update"]


def test_write__an_earlier_run_does_not_replace_a_later_one() -> None:
    store = Store()
    write(store, make_part(run=9, digest="9" * 16))
    write(store, make_part(run=8, digest="8" * 16))
    assert store.writes == ["create"]


def test_write__a_comment_of_another_workflow_stays() -> None:
    foreign = STANDING.replace("workflow=CI", "workflow=Nightly")
    store = Store({1: foreign, 2: "Looks good to me."})
    write(store, make_part())
    assert store.bodies[1] == foreign
    assert store.bodies[2] == "Looks good to me."
    assert len(store.bodies) == 3


class Failing(Store):
    """Fails at a call some times; `done` says whether the call was carried out."""

    def __init__(self, failure: Failed, times: int, done: bool) -> None:
        super().__init__()
        self.failure, self.times, self.done = failure, times, done
        self.pauses: list[float] = []

    def create(self, body: str) -> Standing:
        if self.times == 0 or self.done:
            made = super().create(body)
        self.times, fails = max(0, self.times - 1), self.times > 0
        if fails:
            raise self.failure
        return made


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("failure", [Unsure("No answer."), Later("Slow down.", 7)])
def test_write__nothing_is_posted_twice_after_a_failure(failure: Failed, done: bool) -> None:
    store = Failing(failure, 1, done)
    exchange.write(store, [make_part()], CONTEXT, always=False, sleep=store.pauses.append)
    assert store.writes == ["create"]
    assert not isinstance(failure, Later) or 7 in store.pauses


@pytest.mark.parametrize(
    ("failure", "tries"), [(Unsure("No answer."), 3), (Later("Slow down.", 7), 3), (Later("In an hour.", 3600), 1)]
)
def test_write__patience_ends(failure: Failed, tries: int) -> None:
    store = Failing(failure, 100, done=False)
    with pytest.raises(Failed, match=str(failure)):
        exchange.write(store, [make_part()], CONTEXT, always=False, sleep=store.pauses.append)
    assert 100 - store.times == tries
    assert sum(store.pauses) < 60


class Restless(Store):
    """Somebody else writes between any two looks."""

    def own(self) -> list[Standing]:
        self.bodies = dict.fromkeys(self.bodies, STANDING)
        return super().own()


def test_write__gives_up_where_others_never_rest() -> None:
    with pytest.raises(Failed, match="kept changing"):
        write(Restless({1: STANDING}), make_part())
