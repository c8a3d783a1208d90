"""Names that do not collide, and limits that hold."""

from __future__ import annotations

from typing import get_args

import pytest

from onnx_export_action.output import FAILED_MODEL
from onnx_export_action.records import Likeness, VariantName
from onnx_export_action.variants import kinds
from onnx_export_action.variants.kinds import KINDS, Nearness

NEAR = Nearness(40, 95)


def test_kinds__are_all_that_can_be_asked_for() -> None:
    assert set(KINDS) == set(get_args(VariantName))


def test_kinds__no_two_share_a_file_and_none_is_the_models() -> None:
    files = [kind.file.lower() for kind in KINDS.values()]
    assert len({*files, "model.onnx", FAILED_MODEL}) == len(KINDS) + 2


@pytest.mark.parametrize("name", KINDS)
def test_limits_text__says_the_limits(name: VariantName) -> None:
    near = KINDS[name].nearness
    expected = f"{near.signal_to_noise_db:g} dB, {near.agreement_pct:g} % of answers" if near else "those of the export"
    assert kinds.limits_text(name) == expected


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ({"signal_to_noise_db": 40}, ""),
        ({"signal_to_noise_db": 40, "answers": 20, "same": 19}, ""),
        ({"signal_to_noise_db": 39.94}, "output logits: 39.9 dB signal to noise, the limit is 40 dB"),
        ({"signal_to_noise_db": -3}, "output logits: -3.0 dB signal to noise, the limit is 40 dB"),
        (
            {"signal_to_noise_db": 60, "answers": 20, "same": 18},
            "output logits: 18 of 20 answers are the model's, the limit is 95 %",
        ),
        ({}, "output logits: the reference is zero everywhere, and this is not"),
    ],
)
def test_too_far__by_noise_and_by_answers(output: dict[str, float], reason: str) -> None:
    fine = Likeness(output="fine", signal_to_noise_db=150)
    found = Likeness.model_validate({"output": "logits", **output})
    assert kinds.too_far((fine, found), NEAR) == reason


def test_too_far__nothing_compared_is_no_pass() -> None:
    assert kinds.too_far((), NEAR) == "no output could be compared"
