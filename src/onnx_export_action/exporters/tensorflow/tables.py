"""How many ids an input of the model may have, found by asking: TensorFlow names the table where an id is too large."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from onnx_export_action.exporters.tensorflow.inputs import Arrays

# Larger than any table, and no size that a model would take for a number of steps and run out of memory.
_TOO_LARGE = 2**20
_SIZE = re.compile(r"is not in \[0, ?(\d+)\)")
_MOST_TABLES = 9  # that one input may be looked up in, each smaller than the last


def sizes(inputs: Arrays, answer: Callable[[Mapping[str, Any]], Any]) -> dict[str, int]:
    """The size of the smallest table that each input of whole numbers is looked up in, where there is one."""
    wanted = {name: value for name, value in inputs.items() if value.dtype.kind in "iu" and "mask" not in name}
    zeros = {**inputs, **{name: np.zeros_like(value) for name, value in wanted.items()}}
    found = {name: _size(name, zeros, answer) for name in wanted}
    return {name: size for name, size in found.items() if size}


def _size(name: str, zeros: Arrays, answer: Callable[[Mapping[str, Any]], Any]) -> int | None:
    tried, found = min(_TOO_LARGE, np.iinfo(zeros[name].dtype).max), None
    for _ in range(_MOST_TABLES):
        try:
            answer({**zeros, name: np.full_like(zeros[name], tried)})
        except Exception as error:  # TensorFlow raises its own types; what matters is in the text
            named = _SIZE.search(str(error))
            if named is None or not 0 < int(named[1]) <= tried:
                return found
            found = int(named[1])
            tried = found - 1
        else:
            return found
    return found
