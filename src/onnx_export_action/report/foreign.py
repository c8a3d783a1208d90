"""report.json from somebody else: within bounds that no run reaches, and without what could be misused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from onnx_export_action.records import Report
from onnx_export_action.report import document

MOST_BYTES = 4 << 20
_LONGEST_TEXT = 20_000
_MOST_ENTRIES = 5_000
_MOST_NUMBERS = 500_000
_DEEPEST = 20


def read(content: bytes) -> Report:
    """The report; raises ValueError with a sentence for one that is none, or is out of bounds."""
    if len(content) > MOST_BYTES:
        raise ValueError(f"The report has more than {MOST_BYTES:,} bytes.")
    try:
        text = content.decode("utf-8")
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("The report is not JSON.") from None
    if any(_is_out_of_bounds(value, depth) for value, depth in _values(found)):
        raise ValueError("The report holds more, or longer texts, than any run of this program writes.")
    # A command that people copy into a shell is not taken from a stranger.
    return document.from_json(text).model_copy(update={"reproduce": ""})


def _is_out_of_bounds(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return len(value) > _LONGEST_TEXT
    if isinstance(value, list):
        numbers = all(isinstance(entry, int | float) for entry in value)
        return len(value) > (_MOST_NUMBERS if numbers else _MOST_ENTRIES) or depth > _DEEPEST
    return isinstance(value, dict) and (len(value) > _MOST_ENTRIES or depth > _DEEPEST)


def _values(found: Any) -> Iterator[tuple[Any, int]]:
    """Every value with its depth, and every key."""
    waiting = [(found, 0)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, dict):
            waiting += [(entry, depth + 1) for pair in value.items() for entry in pair]
        elif isinstance(value, list):
            waiting += [(entry, depth + 1) for entry in value if not isinstance(entry, int | float)]
