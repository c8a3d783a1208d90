"""Sizes found by asking a model: here a function that says which sizes it takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.exporters.custom.trying import Trying

OWN = {"batch": 2, "height": 32}


def tried(accepts: Callable[[Sizes], bool]) -> Trying[Sizes]:
    return Trying(OWN, OWN, lambda sizes: dict(sizes) if accepts(sizes) else None)


@pytest.mark.parametrize(
    ("accepts", "refused"),
    [
        (lambda _: True, []),
        (lambda sizes: sizes["height"] % 32 == 0, []),
        (lambda sizes: sizes["height"] == 32, ["height"]),
        (lambda sizes: sizes == OWN, ["batch", "height"]),
    ],
)
def test_find__tells_the_axes_that_take_no_other_size(accepts: Callable[[Sizes], bool], refused: list[str]) -> None:
    trying = tried(accepts)
    assert trying.find((1, 2, 5), (7,)) == refused
    cases = [inputs for _, inputs in trying.cases()]
    assert cases[0] == OWN
    assert all(accepts(inputs) for inputs in cases)
    assert all(len({inputs[axis] for inputs in cases}) > 1 for axis in OWN if axis not in refused)


def test_sample__has_sizes_that_no_case_has_and_no_two_alike() -> None:
    trying = tried(lambda sizes: sizes["height"] % 32 == 0)
    trying.find((1, 2, 5), (7,))
    seen = [inputs for _, inputs in trying.cases()]
    sample = trying.sample()
    assert set(sample.values()).isdisjoint({size for inputs in seen for size in inputs.values()})
    assert sample["height"] % 32 == 0
    assert len(set(sample.values())) == len(sample)


def test_cases__shown_without_the_axes_that_are_fixed() -> None:
    trying = tried(lambda sizes: sizes["height"] == 32)
    trying.find((1, 2), (7,))
    assert next(sizes for sizes, _ in trying.cases()) == {"batch": 2}
