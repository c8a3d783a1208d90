"""Wrong files of a decoder of which a layer sees the last sixteen tokens alone: a Gemma 3."""

from __future__ import annotations

import numpy as np
from onnx import numpy_helper

from tests.integration.wrong.edits import Edit, Model

_WINDOW = 16


def _window(size: int) -> Edit:
    """Another number wherever the graph holds the window's."""

    def edit(model: Model) -> None:
        held = [each.attribute[0].t for each in model.graph.node if each.op_type == "Constant"]
        found = [tensor for tensor in held if np.array_equal(np.abs(numpy_helper.to_array(tensor)), _WINDOW)]
        assert found
        for tensor in found:
            array = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(np.sign(array) * np.array(size, array.dtype), tensor.name))

    return edit


_DIFFERS = r"sequence (33|61|128|160).*: logits differs by up to"

WRONG: dict[str, tuple[Edit, str]] = {
    "a window of one more": (_window(_WINDOW + 1), _DIFFERS),
    "a window of one less": (_window(_WINDOW - 1), r"sequence (17|33|61|128|160).*: logits differs by up to"),
    "no window": (_window(1 << 20), _DIFFERS),
}
