"""The rule that stands beside the table, and nothing else, decides."""

from __future__ import annotations

from typing import Any

import pytest

from onnx_export_action.records import Variant
from onnx_export_action.variants.recommendation import recommended
from tests import factories

EXPORTED = 100_000_000


def variant(name: str, verdict: str | None, ratio: float = 1.0, size: int = EXPORTED, **overrides: Any) -> Variant:
    latency = (factories.make_paired(ratio=ratio, verdict=verdict),) if verdict else ()
    return factories.make_variant(name, latency=latency, size_bytes=size, **overrides)


@pytest.mark.parametrize(
    ("variants", "name"),
    [
        ((), None),
        ((variant("O1", "no change"),), None),
        ((variant("O1", "faster", 0.9), variant("O2", "faster", 0.8)), "O2"),
        ((variant("fp16", "slower", 1.2, 50_000_000), variant("O2", "faster", 0.97)), "O2"),
        ((variant("int8-dynamic", "faster", 0.9, 25_000_000), variant("O2", "faster", 0.8)), "O2"),
        ((variant("fp16", "slower", 1.2, 50_000_000),), None),
        ((variant("fp16", "cannot tell", 0.5, 50_000_000),), None),
        ((variant("fp16", "no change", 1.0, 50_000_000),), "fp16"),
        ((variant("fp16", "no change", 1.0, 90_000_001),), None),
        ((variant("fp16", "no change", 1.0, 90_000_000),), "fp16"),
        ((variant("fp16", None, 1.0, 50_000_000), variant("int8-dynamic", None, 1.0, 25_000_000)), "int8-dynamic"),
        ((variant("int8-dynamic", "faster", 0.3, cause="too far off"), variant("O2", "faster", 0.9)), "O2"),
        ((variant("O4", "faster", 0.3, 50_000_000),), None),
    ],
)
def test_recommended__by_the_rule(variants: tuple[Variant, ...], name: str | None) -> None:
    found = recommended(variants, EXPORTED)
    assert (found.name if found else None) == name
