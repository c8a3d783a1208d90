"""Comments as GitHub keeps them, the last write wins, and writers whose every step waits for its turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx_export_action.github.comment import exchange
from onnx_export_action.github.comment.exchange import Standing
from onnx_export_action.github.comment.page import Part
from onnx_export_action.github.comment.row import Row
from onnx_export_action.github.context import Context

CONTEXT = Context(repository="acme/models", run_id=5, workflow="CI", job="export", sha="a" * 40)


def make_row(**overrides: Any) -> Row:
    """A model that passes."""
    known = {"model": "acme/encoder", "tone": "good", "verdict": "pass", "size": 1_000_000, "p50": 4.1, "diff": 1e-7}
    return Row(**{**known, "commit": "a" * 40, "run": 5, "digest": "0" * 16, **overrides})


def make_part(key: int = 1, body: str = "Text.", **overrides: Any) -> Part:
    """A part by a small number."""
    return Part(f"{key:016x}", make_row(**overrides), body)


@dataclass
class Store:
    """The comments of one author."""

    bodies: dict[int, str] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def own(self) -> list[Standing]:
        return [
            Standing(number, body, f"https://github.com/c/{number}") for number, body in sorted(self.bodies.items())
        ]

    def create(self, body: str) -> Standing:
        number = max(self.bodies, default=0) + 1
        self._wrote("create", number, body)
        return Standing(number, body, "")

    def update(self, comment: int, body: str) -> None:
        self._wrote("update", comment, body)

    def delete(self, comment: int) -> None:
        self.bodies.pop(comment, None)
        self.writes.append("delete")

    def _wrote(self, what: str, number: int, body: str) -> None:
        self.bodies[number] = body
        self.writes.append(what)


class Turns:
    """Writers in threads, of which one at a time takes one step, in a given order.

    A pause ends only when every other writer has done the step that it was about to do when the
    pause began: that is what the length of a real pause is for.
    """

    def __init__(self, store: Store, order: Sequence[int]) -> None:
        self._store, self._order = store, iter(order)
        self._writers: list[_Writer] = []

    def write(self, parts: Sequence[Part]) -> list[BaseException]:
        """Run a writer for each part to its end; returns what was raised."""
        self._writers = [_Writer(self._store, part, self) for part in parts]
        for writer in self._writers:
            writer.start()
            writer.waiting.acquire()
        while alive := [writer for writer in self._writers if not writer.done]:
            ready = [writer for writer in alive if not writer.waits_for]
            chosen = ready[next(self._order, 0) % len(ready)]
            chosen.turn.release()
            chosen.waiting.acquire()
            for writer in self._writers:
                writer.waits_for.discard(chosen)
        return [writer.error for writer in self._writers if writer.error is not None]

    def others(self, writer: _Writer) -> set[_Writer]:
        """Those who may be between reading and writing."""
        return {other for other in self._writers if other is not writer and not other.done and not other.waits_for}


class _Writer(threading.Thread):
    def __init__(self, store: Store, part: Part, turns: Turns) -> None:
        super().__init__(daemon=True)
        self._store, self._part, self._turns = store, part, turns
        self.turn, self.waiting = threading.Semaphore(0), threading.Semaphore(0)
        self.waits_for: set[_Writer] = set()
        self.done, self.error = False, None  # type: bool, BaseException | None

    def run(self) -> None:
        try:
            exchange.write(self, [self._part], CONTEXT, always=True, sleep=self._pause)
        except BaseException as error:
            self.error = error
        self.done = True
        self.waiting.release()

    def own(self) -> list[Standing]:
        return self._step(self._store.own)

    def create(self, body: str) -> Standing:
        return self._step(lambda: self._store.create(body))

    def update(self, comment: int, body: str) -> None:
        self._step(lambda: self._store.update(comment, body))

    def delete(self, comment: int) -> None:
        self._step(lambda: self._store.delete(comment))

    def _pause(self, _: float) -> None:
        self.waits_for = self._turns.others(self)

    def _step(self, action: Callable[[], Any]) -> Any:
        self.waiting.release()
        self.turn.acquire()
        return action()
