"""Example inputs: from an .npz or JSON file, or as the user's own function gives them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from onnx_export_action.exporters.custom import example_files
from onnx_export_action.exporters.custom.nesting import Call


def read(file: Path) -> Any:
    """The values in a file as tensors."""
    return pytree.tree_map(
        lambda leaf: torch.from_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf, example_files.read(file)
    )


def as_call(given: Any, parameters: tuple[str, ...]) -> Call:
    """A tuple or list is positional; a dictionary is by keyword when it has names of parameters; else one argument."""
    if isinstance(given, Mapping) and given and set(given) <= set(parameters):
        return Call((), {name: given[name] for name in parameters if name in given})
    if isinstance(given, (tuple, list)) and not hasattr(given, "_fields"):
        return Call(tuple(given), {})
    return Call((given,), {})
