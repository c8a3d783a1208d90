"""Load a file with ONNX Runtime's own copies of the weights or without them; now, or once it lies there."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.hashing import Version, version_of
from onnx_export_action.validation import merged
from onnx_export_action.validation.session import Session

_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Asked:
    """A file, and how it is to be loaded.

    `packed` is ONNX Runtime's own order of the weights, which is a copy and worth its time where a file runs often;
    without it products are the same but for rounding. `mapped` saves another copy.
    """

    file: Path
    threads: int
    packed: bool
    mapped: bool


@dataclass(frozen=True)
class Loaded:
    """A file that is ready to run."""

    session: Session
    load_ms: float


def load(asked: Asked) -> Loaded:
    """As it is asked for; raises what ONNX Runtime raises."""
    start = time.perf_counter()
    session = merged.opened(asked.file, asked.threads, asked.packed, asked.mapped)
    return Loaded(session, 1000 * (time.perf_counter() - start))


class Foreseen:
    """A load of a file that an exporter may write while others still work; its data lie there before it does."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._is_wanted = asked, False
        self._found: tuple[Version, Loaded] | None = None
        self._watch = threading.Thread(target=self._wait_and_load, daemon=True)
        self._watch.start()

    def take(self, asked: Asked) -> Loaded | None:
        """What was loaded; None where something else is asked for, or no such file lay there yet, or no longer does."""
        self._is_wanted = True
        self._watch.join()
        found, self._found = self._found, None
        same = asked == self._asked and found is not None and found[0] == _version(asked.file)
        return found[1] if same and found is not None else None

    def _wait_and_load(self) -> None:
        while (version := _version(self._asked.file)) is None:
            if self._is_wanted:
                return
            time.sleep(_LOOK_SECONDS)
        try:
            self._found = version, load(self._asked)
        except Exception:  # whoever asks for the file loads it again, and is told why that fails
            return


def _version(file: Path) -> Version | None:
    try:
        return version_of(file)
    except OSError:
        return None
