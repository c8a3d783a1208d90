"""Load models of transformers without what only compilers and several machines need.

Modelling code imports it for decorators that mark functions for a compiler, for a context manager of masks, for weights
in shards; PyTorch, where a model is built without storage, for checks of sizes. Nor with the expressions by which
transformers renames the weights of every model that it knows.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
import torch.fx.experimental._config
import transformers
from torch.nn import init
from transformers.utils import import_utils

from onnx_export_action.exporters.lean.stand_in import standing_in


@contextmanager
def loading() -> Iterator[None]:
    """While a model's code is imported and its module built; what is imported later is imported in full."""
    if transformers.__version__.startswith("4."):
        yield  # of the interpreter with older libraries, which one route alone needs
        return
    with mock.patch.object(torch.distributed, "is_available", return_value=False):
        import_utils.is_torch_distributed_available()  # which remembers its answer
    _import_models_listed_once()
    draw = init._no_grad_normal_

    def drawn(tensor: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        """A tensor without storage takes no value."""
        return tensor if tensor.is_meta else draw(tensor, *arguments, **options)

    renaming = importlib.import_module("transformers.core_model_loading")
    compiling = SimpleNamespace(**{**vars(re), "compile": _Expression})
    stand_ins = standing_in(_ANSWERS, _PACKAGES)
    try:
        with mock.patch.object(init, "_no_grad_normal_", drawn), mock.patch.object(renaming, "re", compiling):
            yield
    finally:
        for module in stand_ins:
            module.leave()


def _import_models_listed_once() -> None:
    """transformers.models lists what lies in its folder, which transformers has just done, by reading 3,000 files."""
    listed = import_utils.define_import_structure

    def again(folder: Any, prefix: str | None = None) -> Any:
        if prefix is not None or Path(folder) != _MODELS / "__init__.py":
            return listed(folder, prefix)
        known = listed(_MODELS, prefix="models")
        return {
            needed: {name.removeprefix("models."): names for name, names in parts.items() if name.startswith("models.")}
            for needed, parts in known.items()
        }

    with mock.patch.object(import_utils, "define_import_structure", again):
        importlib.import_module("transformers.models")


class _Expression:
    """A regular expression that is compiled once it is used, and is itself to whoever copies it."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._written = pattern, flags

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(*self._written), name)


def _unmarked(function: Callable[..., Any] | None = None, *_: Any, **__: Any) -> Callable[..., Any]:
    """A decorator, with its arguments and without."""
    return _unmarked if function is None else function


def _imported_when_called() -> Any:
    return importlib.import_module(_OF_MASKS).TransformGetItemToIndex()


_MODELS = Path(str(transformers.__file__)).parent / "models"
_COMPILER = "torch._dynamo"
_OF_MASKS = f"{_COMPILER}._trace_wrapped_higher_order_op"
_PACKAGES = (_COMPILER, "sympy")
_ANSWERS: dict[str, dict[str, Callable[..., Any]]] = {
    _COMPILER: dict.fromkeys(("disable", "assume_constant_result", "allow_in_graph"), _unmarked),
    _OF_MASKS: {"TransformGetItemToIndex": _imported_when_called},
    # Of sizes that are plain numbers.
    "sympy": {"Basic": type("Basic", (), {})},
    "torch.fx.experimental.symbolic_shapes": {
        **dict.fromkeys(("expect_true", "guard_or_true", "guard_or_false", "statically_known_true"), bool),
        "guard_size_oblivious": bool,
        "sym_eq": lambda left, right: bool(left == right),
        "sym_and": lambda *conditions: all(conditions),
        "sym_or": lambda *conditions: any(conditions),
        "is_nested_int": lambda _: False,
        "has_guarding_hint": lambda _: True,
        "guarding_hint_or_throw": lambda size: size,
    },
}
