"""The file of both decoders as it is called: with the branch, and nothing in what that branch does not read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action import tasks
from onnx_export_action.validation.session import UNPACKED, Session
from onnx_export_action.validation.written import PAST


def opened(file: Path, threads: int, packed: bool = True, mapped: bool = False) -> Session:
    """A loaded file; one of both decoders takes the inputs of either."""
    return (Merged if file.stem == tasks.MERGED else Session)(
        file, threads, config={} if packed else UNPACKED, mapped=mapped
    )


class Merged(Session):
    """One file in the stead of decoder and decoder with past."""

    def run(self, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """What the branch answers; what only the other one does is empty."""
        return {name: value for name, value in super().run(inputs).items() if value.size}

    def prepared(self, inputs: dict[str, NDArray[Any]]) -> Callable[[], list[Any]]:
        """A call with these inputs, by the branch that they belong to."""
        given = {"use_cache_branch": np.array([any(name.startswith(PAST) for name in inputs)]), **inputs}
        batch = len(next(iter(inputs.values())))
        empty = (name for name in self.input_types if name not in given)
        return super().prepared({**given, **{name: self._empty(name, batch) for name in empty}})

    def _empty(self, name: str, batch: int) -> NDArray[Any]:
        """As the libraries that load such a file make it: keys and values of no position at all."""
        sizes = [size if isinstance(size, int) else 0 for size in self.input_shapes[name][1:]]
        if name.startswith(PAST):
            sizes[1] = 0
        return np.zeros((batch, *sizes), self.input_types[name])
