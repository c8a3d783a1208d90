"""Import PyTorch and transformers without what computing with shapes alone and a list of 3,000 files cost.

PyTorch itself knows the shapes that most operators answer with; `complete` brings the rest, written in Python, for
compilers and for whoever builds tensors without storage.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from onnx_export_action.exporters.lean import names
from onnx_export_action.exporters.lean.stand_in import StandIn, standing_in

_SHAPES, _COMPILER = "torch._meta_registrations", "torch._dynamo"
_LISTER = "transformers.utils.import_utils"
_MODELS = "models"
_left_out: list[StandIn] = []


@contextmanager
def importing() -> Iterator[None]:
    """While both are imported; not in the interpreter with older libraries, which one route alone needs."""
    if importlib.metadata.version("transformers").startswith("4."):
        yield
        return
    _left_out.extend(standing_in({_SHAPES: {}}, packages=()))
    sys.meta_path.insert(0, _Finder())
    with places_alone():
        yield
    _let_generators_be_made()


@contextmanager
def places_alone() -> Iterator[None]:
    """PyTorch notes where an operator is registered; Python would read the lines there, which takes far longer."""
    read = inspect.getframeinfo

    with mock.patch.object(inspect, "getframeinfo", lambda frame, _=1: read(frame, 0)):
        yield


def complete() -> bool:
    """Import what was left out; whether there was anything."""
    if not _left_out:
        return False
    while _left_out:
        _left_out.pop().leave()
    importlib.import_module(_SHAPES)
    return True


def _let_generators_be_made() -> None:
    """What was left out gives them their metaclass, and PyTorch makes none before; once more does no harm."""
    import torch
    from torch._opaque_base import OpaqueBaseMeta

    torch._C._set_generator_metaclass(OpaqueBaseMeta)


class _Finder(MetaPathFinder):
    """Completes PyTorch for its compiler, and saves transformers the list of its own files."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if name == _COMPILER:
            complete()
        if name != _LISTER:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Lister(spec.loader)
        return spec


class _Lister(Loader):
    """Loads transformers' lister, and gives it the names of the models where they are stored."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        listed = module.define_import_structure
        module.define_import_structure = _stored_first(listed)  # type: ignore[attr-defined]  # a module's own function


def _stored_first(listed: Callable[..., Any]) -> Callable[..., Any]:
    @lru_cache
    def define(folder: Any, prefix: str | None = None) -> Any:
        known = names.stored(Path(folder), importlib.metadata.version("transformers")) if prefix == _MODELS else None
        return listed(folder, prefix) if known is None else known

    return define
