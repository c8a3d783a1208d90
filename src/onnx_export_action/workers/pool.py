"""Workers that ended a model of ours cleanly, lent again for the next: their imports cost more than a small model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from onnx_export_action.log import Log
from onnx_export_action.workers.client import Host, Worker, WorkerFailure

_Key = tuple[Path, str, int | None]


class Pool:
    """Lends workers, and keeps one of each kind that comes back `reusable`, while anybody wants it; a context manager.

    A worker is reusable when whoever borrowed it says so: all went well, and nobody's code but ours and the
    libraries' ran in it. A pool that `keeps` has it for the models that follow.
    """

    def __init__(self, keeps: bool = False) -> None:
        self.keeps = keeps
        self._idle: dict[_Key, Worker] = {}
        self._prepared: dict[_Key, Worker] = {}
        self._leaving: list[Worker] = []  # the memory of a large model takes a moment to free

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, interpreter: Path, service: str, host: Host, log: Log) -> None:
        """Start one that will soon be asked for: what it imports takes seconds, in which others have work to do."""
        key = (interpreter, service, host.user)
        if interpreter.exists() and key not in {**self._idle, **self._prepared}:
            self._prepared[key] = Worker(interpreter, service, host, log)

    @contextmanager
    def lent(self, interpreter: Path, service: str, host: Host, log: Log, again: bool = False) -> Iterator[Worker]:
        """A worker that knows of no model, new or begun anew; `again` where the same run will ask for one once more."""
        key = (interpreter, service, host.user)
        with ExitStack() as ended:
            ready = self._begun(key, host, log) or self._taken(key, host, log)
            worker = ended.enter_context(ready or Worker(interpreter, service, host, log))
            yield worker
            if worker.reusable:
                self._keep_or_let_go(key, worker, again)
                ended.pop_all()

    def _keep_or_let_go(self, key: _Key, worker: Worker, again: bool) -> None:
        if (self.keeps or again) and key not in self._idle:
            worker.forget()
            self._idle[key] = worker
        else:
            worker.let_go()
            self._leaving.append(worker)

    def close(self) -> None:
        """End those that nobody has borrowed."""
        self.end_idle()
        self.end_prepared()
        while self._leaving:
            self._leaving.pop().close()

    def end_idle(self) -> None:
        """End those that are kept from an earlier model."""
        while self._idle:
            self._idle.popitem()[1].close(at_once=True)

    def end_prepared(self) -> None:
        """End those that nobody has asked for yet."""
        while self._prepared:
            self._prepared.popitem()[1].close(at_once=True)

    def _taken(self, key: _Key, host: Host, log: Log) -> Worker | None:
        worker = self._prepared.pop(key, None)
        if worker is not None:
            worker.take(host, log)
        return worker

    def _begun(self, key: _Key, host: Host, log: Log) -> Worker | None:
        worker = self._idle.pop(key, None)
        if worker is None:
            return None
        try:
            worker.begin(host, log)
        except WorkerFailure:  # it did not survive to forget; a new one owes nothing to it
            worker.close()
            return None
        return worker
