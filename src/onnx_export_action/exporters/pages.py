"""Give back the pages of weights that are mapped from their file: who reads them again gets them from there."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

_PAGE_OUT = 21  # MADV_PAGEOUT of madvise(2), since Linux 5.4; an older kernel refuses it, and nothing is given back
_MAPPED = ".safetensors"


def begin_to_give_back() -> None:
    """The same in a thread, as the kernel takes a quarter of a second for a gigabyte."""
    Thread(target=give_back, daemon=True).start()


def give_back() -> None:
    """Until the model runs again; what a route has changed in memory stays there."""
    libc = ctypes.CDLL(None)
    for start, end in _weights():
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _PAGE_OUT)


def _weights() -> Iterator[tuple[int, int]]:
    """Addresses by proc(5), /proc/PID/maps."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.endswith(_MAPPED):
            start, _, end = line.split(maxsplit=1)[0].partition("-")
            yield int(start, 16), int(end, 16)
