"""The units that a limit may be written in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from onnx_export_action.records import Unit


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: the unit in which values are kept, and what each spelling of a unit is worth in it."""

    unit: Unit
    factors: dict[str, float]
    example: str

    def factor(self, spelled: str) -> float | None:
        """What one of the spelled unit is worth, without a unit too; None for a unit of another kind."""
        return self.factors.get(_MICRO.sub("u", spelled.lower()))


_MICRO = re.compile("[\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}]")
_DECIMAL = {f"{prefix}b": 1000.0**power for power, prefix in enumerate(("", "k", "m", "g", "t"))}
_BINARY = {f"{prefix}ib": 1024.0**power for power, prefix in enumerate(("k", "m", "g", "t"), 1)}

BYTES = Dimension("bytes", {"": 1.0, **_DECIMAL, **_BINARY}, "100 MB")
# A bare number could be seconds as well as milliseconds, so a time has a unit.
MILLISECONDS = Dimension("ms", {"us": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4}, "20 ms")
SECONDS = Dimension("s", {"": 1.0, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}, "90 s")
COUNT = Dimension("count", {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}, "500")
NUMBER = Dimension("", {"": 1.0}, "1e-4")
PERCENT = Dimension("percent", {"%": 1.0}, "99%")
RATE = Dimension("items/s", {"": 1.0, "/s": 1.0}, "200 /s")
RATIO = Dimension("times", {"": 1.0, "x": 1.0}, "1.5")
DECIBEL = Dimension("dB", {"": 1.0, "db": 1.0}, "40 dB")
