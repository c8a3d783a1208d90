"""PyTorch is timed on what the file was proven with, as the user runs it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.program import Outcome


@pytest.mark.parametrize("name", ["t5", "vit"])
def test_benchmark__both_runtimes_whatever_the_inputs(exported: Callable[..., Outcome], name: str) -> None:
    outcome = exported(name, **{"benchmark-seconds": "0.3"})
    assert outcome.report["warnings"] == []
    timings = outcome.report["benchmark"]["timings"]
    assert {timing["runtime"] for timing in timings} == {"onnxruntime", "pytorch"}
    assert len({timing["shape"] for timing in timings}) == 2
    assert outcome.report["benchmark"]["reference_ms"] > 0
