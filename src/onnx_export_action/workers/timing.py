"""How a call is timed, the same for every runtime that is compared; standard library only."""

from __future__ import annotations

import time
from collections.abc import Callable


def latencies_ms(call: Callable[[], object], seconds: float) -> list[float]:
    """Latencies of the call in milliseconds, for about `seconds` and at least once."""
    samples: list[float] = []
    end = time.perf_counter() + seconds
    while not samples or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        samples.append(1000 * (time.perf_counter() - start))
    return samples
