"""The worker that holds base and candidate at once: sessions of both files, timed in turns in one process."""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.validation.session import Session
from onnx_export_action.workers.protocol import Refusal
from onnx_export_action.workers.timing import latencies_ms

# The threads of one session must not go on waiting busily while another session is timed.
_BUSY = {"session.force_spinning_stop": "1"}
_ASLEEP = {"session.intra_op.allow_spinning": "0"}
_TRIAL_SECONDS = 0.5
_TRIAL_BLOCK_SECONDS = 0.02
_CODES = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from .*? failed:\s*|/onnxruntime_src/\S+ .*?\) ")


class Service:
    """The operations of a comparing worker."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._inputs: dict[str, dict[str, NDArray[Any]]] = {}

    def unfit(self, file: str, cases: list[str], threads: int) -> dict[str, str]:
        """The cases that the file cannot run, each with the reason; raises Refusal when it does not load."""
        try:
            session = Session(Path(file), threads)
        except Exception as error:  # ONNX Runtime raises its own types
            raise Refusal(f"ONNX Runtime says: {_reason(error, file)}") from error
        reasons = {case: _mismatch(session, self._read(case)) or self._failure(session, case) for case in cases}
        return {case: reason for case, reason in reasons.items() if reason}

    def waits_busily(self, file: str, case: str, threads: int) -> bool:
        """Whether the file is faster here, now, with threads that wait busily for work than with such as sleep.

        Alone on the machine they are; beside another load they lose the processor when it is needed.
        """
        ways = [Session(Path(file), threads, config=config) for config in (_BUSY, _ASLEEP)]
        calls: list[list[float]] = [[], []]
        end = time.monotonic() + _TRIAL_SECONDS
        while not calls[0] or time.monotonic() < end:
            for way, session in enumerate(ways):
                calls[way] += self._block(session, case, _TRIAL_BLOCK_SECONDS)
        return statistics.median(calls[0]) <= statistics.median(calls[1])

    def open(self, files: list[tuple[str, str]], threads: int, busy: bool) -> None:
        """New sessions by name, created in this order; those of the round before are gone."""
        self._sessions.clear()
        for name, file in files:
            self._sessions[name] = Session(Path(file), threads, config=_BUSY if busy else _ASLEEP)

    def turns(self, order: list[str], case: str, seconds: float) -> list[list[float]]:
        """One block of calls for each name, in this order, of about `seconds` each."""
        return [self._block(self._sessions[name], case, seconds) for name in order]

    def _block(self, session: Session, case: str, seconds: float) -> list[float]:
        call = session.prepared(self._read(case))
        # The first call brings back what the session before it pushed out of the caches; in a long one that is little.
        first = latencies_ms(call, 0)
        return first if first[0] >= 1000 * seconds else latencies_ms(call, seconds)

    def _failure(self, session: Session, case: str) -> str:
        try:
            session.run(self._read(case))
        except Exception as error:  # ONNX Runtime raises its own types, and they are the answer here
            return f"it fails: {_reason(error)}"
        return ""

    def _read(self, case: str) -> dict[str, NDArray[Any]]:
        if case not in self._inputs:
            with np.load(case, allow_pickle=False) as arrays:
                self._inputs[case] = {name[3:]: arrays[name] for name in arrays.files if name.startswith("in.")}
        return self._inputs[case]


def _mismatch(session: Session, inputs: dict[str, NDArray[Any]]) -> str:
    """Why these inputs cannot be given to this file; empty when they can."""
    for name, dtype in session.input_types.items():
        if name not in inputs:
            return f"it needs an input `{name}`, which the other does not have"
        if str(inputs[name].dtype) != dtype:
            return f"its input `{name}` takes {dtype}, the other's {inputs[name].dtype}"
    return ""


def _reason(error: Exception, file: str = "") -> str:
    """The sentence in ONNX Runtime's message, without its codes, its source files and ours."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    line = _CODES.sub("", line)
    return (line.replace(file, Path(file).name) if file else line)[:300]
