"""Which cases are run once more to measure rounding: small ones of the defaults, and always the first."""

from __future__ import annotations

import pytest

from onnx_export_action.exporters import case_file, cases
from onnx_export_action.exporters.cases import Case, Reach


def rounded(plan: tuple[Case, ...]) -> list[str]:
    trials = [_Sized(case) for case in plan]
    return [trial.shape for index, trial in enumerate(trials) if case_file.is_rounded(index, trial)]


class _Sized:
    def __init__(self, case: Case) -> None:
        self.shape, self.batch, self.timed = cases.describe(case), case.batch, case.timed


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (
            cases.for_text((1, 2, 5), (7, 33), Reach(512, vocabulary=128)),
            ["batch 1, sequence 7", "batch 2, sequence 7, right padding"],
        ),
        (
            cases.with_past((1, 2, 5), (7, 33), Reach(512, vocabulary=128)),
            ["batch 1, sequence 7", "batch 2, sequence 7, left padding"],
        ),
        (cases.for_text((1,), (7, 33), Reach(512)), ["batch 1, sequence 7", "batch 1, sequence 33, left padding"]),
        (cases.for_text((4, 8), (7, 33), Reach(512)), ["batch 4, sequence 7, right padding"]),
        (cases.for_images((1, 2, 5)), ["batch 1, sequence 1"]),
        (cases.for_images((1, 2)), ["batch 1, sequence 1"]),
        (cases.for_sound((1, 2, 5), (7, 33)), ["batch 1, sequence 7"]),
    ],
)
def test_is_rounded__the_first_and_a_small_third(plan: tuple[Case, ...], expected: list[str]) -> None:
    assert rounded(plan) == expected
