"""Values from a model's configuration, whose parts have configurations of their own; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def read(config: Any, *keys: str, of: str = "") -> Any:
    """The first of the keys that any part has a value for; parts whose name has a word of `of` are asked first."""
    words = tuple(of.split())
    parts = sorted(_parts(config), key=lambda part: not any(word in part[0] for word in words))
    found = (getattr(part, key, None) for key in keys for _, part in parts)
    return next((value for value in found if value is not None and not isinstance(value, bool)), None)


def number(config: Any, *keys: str, of: str = "", otherwise: int) -> int:
    """The same as a positive whole number: the last of several, or `otherwise`."""
    value = read(config, *keys, of=of)
    value = value[-1] if isinstance(value, (list, tuple)) and value else value
    return value if isinstance(value, int) and value > 0 else otherwise


def _parts(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, config
    for name, value in vars(config).items():
        if hasattr(value, "model_type") and hasattr(value, "to_dict"):
            yield from _parts(value, f"{path}.{name}")
