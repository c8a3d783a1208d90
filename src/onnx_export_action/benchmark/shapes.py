"""Which of the proof's cases are timed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def smallest_and_largest(cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The case with the fewest input elements, then the one with the most; one where there is only one.

    Corners of the proof, as a single token, are not timed: nobody's texts look like that.
    """
    usual = [case for case in cases if case.get("timed", True)] or cases
    ordered = sorted(usual, key=lambda case: sum(math.prod(shape) for shape in case["inputs"].values()))
    return ordered if len(ordered) < 2 else [ordered[0], ordered[-1]]
