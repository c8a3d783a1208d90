"""A model in the form that exporters can follow: other ways of the library, or our own, to the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from onnx_export_action.exporters.traceable import decays, experts, patches


@contextmanager
def traceable(model: Any) -> Iterator[None]:
    """Everything that this room knows, while the model is exported; the model's own ways again afterwards."""
    with ExitStack() as stack:
        stack.enter_context(experts.by_products(model))
        stack.enter_context(decays.by_blocks(model))
        stack.enter_context(patches.vectorised(model))
        yield
