"""A rush of writers on a clock that nobody waits for: while one call is on its way, all others go on."""

from __future__ import annotations

import hashlib
import heapq
import random
import threading
from collections.abc import Callable
from typing import Any

from onnx_export_action.github.comment import exchange
from onnx_export_action.github.comment.exchange import Standing
from onnx_export_action.github.comment.page import Part
from tests.unit.github.comments_model import CONTEXT, Store, make_row

_CALL_SECONDS = 0.4


def part_of_job(number: int) -> Part:
    """A part with a key as real ones are."""
    key = hashlib.sha256(str(number).encode()).hexdigest()[:16]
    return Part(key, make_row(model=f"acme/{number}", digest=key), "Text.")


class Rush:
    """The clock, and what is due."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.random, self.now = store, random.Random(seed), 0.0
        self._due: list[tuple[float, int, _Job]] = []

    def write(self, parts: list[Part], within: float) -> list[BaseException]:
        """A job for each part, started within so many seconds; returns what was raised."""
        jobs = [_Job(part, self) for part in parts]
        for job in jobs:
            self.wake(job, self.random.random() * within)
            job.start()
        while self._due:
            self.now, _, job = heapq.heappop(self._due)
            job.turn.release()
            job.waiting.acquire()
        return [job.error for job in jobs if job.error is not None]

    def wake(self, job: _Job, seconds: float) -> None:
        """Let a job go on after some time."""
        heapq.heappush(self._due, (self.now + seconds, id(job), job))


class _Job(threading.Thread):
    def __init__(self, part: Part, rush: Rush) -> None:
        super().__init__(daemon=True)
        self._part, self._rush, self.error = part, rush, None  # type: Part, Rush, BaseException | None
        self.turn, self.waiting = threading.Semaphore(0), threading.Semaphore(0)

    def run(self) -> None:
        self.turn.acquire()
        try:
            exchange.write(self, [self._part], CONTEXT, always=True, sleep=self._pause)
        except BaseException as error:
            self.error = error
        self.waiting.release()

    def own(self) -> list[Standing]:
        return self._call(self._rush.store.own)

    def create(self, body: str) -> Standing:
        return self._call(lambda: self._rush.store.create(body))

    def update(self, comment: int, body: str) -> None:
        self._call(lambda: self._rush.store.update(comment, body))

    def delete(self, comment: int) -> None:
        self._call(lambda: self._rush.store.delete(comment))

    def _call(self, action: Callable[[], Any]) -> Any:
        """Half of a call's time before GitHub does it, half after."""
        half = _CALL_SECONDS * self._rush.random.lognormvariate(0, 0.3) / 2
        self._pause(half)
        answer = action()
        self._pause(half)
        return answer

    def _pause(self, seconds: float) -> None:
        self._rush.wake(self, seconds)
        self.waiting.release()
        self.turn.acquire()
