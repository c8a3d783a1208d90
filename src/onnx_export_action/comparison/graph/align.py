"""The longest common subsequence of two lists, by bits of whole numbers: a row of the table is one addition."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

_MOST = 25_000


def align(base: Sequence[Hashable], head: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Positions of equal items in both lists, ascending, as many as possible; beyond 25,000 items the first of them.

    The table of Hyyrö's bit-parallel method takes one bit for each two items: 80 MB at the limit.
    """
    base, head = base[:_MOST], head[:_MOST]
    places: dict[Hashable, int] = {}
    for place, item in enumerate(head):
        places[item] = places.get(item, 0) | 1 << place
    ones = (1 << len(head)) - 1
    row, rows = ones, []
    for item in base:
        equal = row & places.get(item, 0)
        row = (row + equal | row - equal) & ones
        rows.append(row)
    return _walk_back(base, head, rows)


def _walk_back(base: Sequence[Hashable], head: Sequence[Hashable], rows: list[int]) -> list[tuple[int, int]]:
    """A bit that is 0 in a row says that the common length grows there; where the row above has it too, go up."""
    found: list[tuple[int, int]] = []
    above, right = len(base) - 1, len(head) - 1
    while above >= 0 and right >= 0:
        if rows[above] >> right & 1:
            right -= 1
        elif above and not rows[above - 1] >> right & 1:
            above -= 1
        else:
            found.append((above, right))
            above, right = above - 1, right - 1
    return found[::-1]
