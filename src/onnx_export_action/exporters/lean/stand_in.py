"""A module in the stead of another that is not imported yet."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

Answers = Mapping[str, Callable[..., Any]]


class StandIn(ModuleType):
    """A few of its functions, and itself for anything else."""

    def __init__(self, name: str, answers: Answers, package: bool) -> None:
        super().__init__(name)
        self._answers, self._package = answers, package

    def leave(self) -> None:
        """Let the next import find the module itself."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]

    def __getattr__(self, name: str) -> Any:
        if name in self._answers:
            return self._answers[name]
        # A package is asked for its path by whoever imports a part of it.
        if name.startswith("__") and (name != "__path__" or not self._package):
            raise AttributeError(name)
        self.leave()
        return getattr(importlib.import_module(self.__name__), name)


def standing_in(answers: Mapping[str, Answers], packages: Iterable[str]) -> list[StandIn]:
    """One for each module that is not there yet, in its place."""
    stand_ins = [StandIn(name, of, name in packages) for name, of in answers.items() if name not in sys.modules]
    sys.modules.update({module.__name__: module for module in stand_ins})
    return stand_ins
