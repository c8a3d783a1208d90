"""Let ONNX Runtime answer FILE a few times, alternately with its weights' pages kept and given back: lines of JSON.

Given back are all of them whenever more than 256 MB are resident, while it computes. The kernel has them still, so
that nothing is read from the disk.
"""

from __future__ import annotations

import ctypes
import json
import re
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from onnx_export_action.validation.session import UNPACKED, Session

_BOUND, _LOOK_SECONDS, _TURNS = 256_000_000, 0.02, 5
_SHAPE = (1, 7)
_DONT_NEED = 4  # of madvise(2)
_PAGE_BYTES = resource.getpagesize()


def main(file: Path) -> None:
    """A line for each pass: whether pages were given back, its seconds, and the processor's."""
    session = Session(file, 2, config=UNPACKED, mapped=True)
    inputs = {name: np.ones(_SHAPE, kind) for name, kind in session.input_types.items()}
    answer, before = session.prepared(inputs), _of_files()
    for _ in range(_TURNS):
        answer()  # maps what the turn before gave back
        print(json.dumps({"given_back": False, **_timed(answer)}))
        with _giving_back(file.name, before + _BOUND):
            print(json.dumps({"given_back": True, **_timed(answer)}))


def _timed(answer: Callable[[], object]) -> dict[str, float]:
    start, used = time.perf_counter(), time.process_time()
    answer()
    return {"seconds": time.perf_counter() - start, "processor": time.process_time() - used}


@contextmanager
def _giving_back(name: str, bound: int) -> Iterator[None]:
    """While this lasts a thread does so, as what computes says nothing until it is done.

    Where the weights lie is looked up once: `exporters.pages` looks at every page each time, for changes that a file
    which only ONNX Runtime reads cannot have, and that would be measured too.
    """
    libc, done = ctypes.CDLL(None), threading.Event()
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    found = re.findall(rf"^([0-9a-f]+)-([0-9a-f]+) .*/{re.escape(name)}(?:_data)?$", maps, re.MULTILINE)
    places = [(int(start, 16), int(end, 16)) for start, end in found]

    def give_back() -> None:
        for start, end in places:
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONT_NEED)

    def watch() -> None:
        while not done.wait(_LOOK_SECONDS):
            if _of_files() > bound:
                give_back()

    give_back()
    thread = threading.Thread(target=watch)
    thread.start()
    yield
    done.set()
    thread.join()


def _of_files() -> int:
    """Resident bytes of files, by proc(5), /proc/PID/statm."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[2]) * _PAGE_BYTES


if __name__ == "__main__":
    main(Path(sys.argv[1]))
