"""Which sizes a model accepts, found by asking it, and from them the cases of the proof and the sample; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from onnx_export_action.exporters.custom import sizes
from onnx_export_action.exporters.custom.sizes import Sizes

Inputs = TypeVar("Inputs")


class Trying(Generic[Inputs]):
    """Sizes around those of an example; `answerable` makes inputs that the model answers, or None."""

    def __init__(self, own: Sizes, example: Inputs, answerable: Callable[[Sizes], Inputs | None]) -> None:
        self._own, self._example, self._answerable = own, example, answerable
        self._used: dict[str, list[int]] = {}

    @property
    def own(self) -> Sizes:
        """The example's size of every axis that has others too."""
        return {axis: self._own[axis] for axis in self._used}

    def find(self, batch_sizes: Sequence[int], lengths: Sequence[int]) -> list[str]:
        """Look for other sizes of each axis alone; returns the axes that have none."""
        found = {axis: self._accepted(axis, batch_sizes, lengths) for axis in self._own}
        self._used = {axis: fitting for axis, fitting in found.items() if fitting}
        return [axis for axis in found if axis not in self._used]

    def cases(self) -> Iterator[tuple[Sizes, Inputs]]:
        """The example, each axis alone at its sizes, and all axes at once."""
        yield self.own, self._example
        together = {axis: fitting[-1] for axis, fitting in self._used.items()}
        alone = [{axis: size} for axis, fitting in self._used.items() for size in fitting]
        for each in (*alone, together) if len(self._used) > 1 else alone:
            inputs = self._answerable({**self._own, **each})
            if inputs is not None:
                yield {**self.own, **each}, inputs

    def sample(self) -> Inputs:
        """Inputs with every axis at a size of its own, that no case has where the model allows it."""
        chosen, inputs = dict(self._own), self._example
        for axis, used in self._used.items():
            others = [size for other, size in chosen.items() if other != axis]
            for size in sizes.for_sample(axis, self._own[axis], [*used, self._own[axis]]):
                made = self._answerable({**chosen, axis: size}) if size not in others else None
                if made is not None:
                    chosen[axis], inputs = size, made
                    break
        return inputs

    def _accepted(self, axis: str, batch_sizes: Sequence[int], lengths: Sequence[int]) -> list[int]:
        found: list[int] = []
        wanted = sizes.most_cases(axis, batch_sizes)
        for size in sizes.for_cases(axis, self._own[axis], batch_sizes, lengths):
            if len(found) < wanted and self._answerable({**self._own, axis: size}) is not None:
                found.append(size)
        return found
