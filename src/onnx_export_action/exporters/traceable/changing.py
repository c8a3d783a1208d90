"""Another value under a name for a while: of a module, a class, or parts of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def changed(owner: Any, name: str, value: Any) -> Iterator[None]:
    """The name with another value; it is taken away again where the owner had none of its own."""
    own = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own is None:
            delattr(owner, name)
        else:
            setattr(owner, name, own)


@contextmanager
def parts_changed(parts: Iterable[Any], name: str, value_of: Callable[[Any], Any]) -> Iterator[None]:
    """The same for parts of a model, each with a value of its own."""
    with ExitStack() as stack:
        for part in parts:
            stack.enter_context(changed(part, name, value_of(part)))
        yield
