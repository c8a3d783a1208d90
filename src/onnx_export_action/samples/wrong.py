"""Why samples cannot be used."""

from __future__ import annotations

_REMEDY = "docs/samples.md says what a line and a folder hold."


class WrongSamples(ValueError):
    """One sentence that names the line or the file, and one for what to change."""

    def __init__(self, what: str, remedy: str = _REMEDY) -> None:
        self.message, self.remedy = f"samples: {what}.", remedy
        super().__init__(self.message)
