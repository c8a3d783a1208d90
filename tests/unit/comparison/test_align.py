"""The longest common subsequence, against the table of the textbook."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.comparison.graph.align import align

_items = st.lists(st.integers(0, 3), max_size=14)


def length(base: list[int], head: list[int]) -> int:
    table = [[0] * (len(head) + 1) for _ in range(len(base) + 1)]
    for row, one in enumerate(base, 1):
        for column, other in enumerate(head, 1):
            table[row][column] = (
                table[row - 1][column - 1] + 1 if one == other else max(table[row - 1][column], table[row][column - 1])
            )
    return table[-1][-1]


@given(_items, _items)
def test_align__pairs_are_equal_ascending_and_as_many_as_possible(base: list[int], head: list[int]) -> None:
    pairs = align(base, head)
    assert all(base[one] == head[other] for one, other in pairs)
    assert pairs == sorted(set(pairs))
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs) == length(base, head)
