"""Give back the pages of weights that are mapped from their file: who reads them again gets them from there."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

# madvise(2). The first takes pages from the mapping, and a change to them would be lost; the second, since Linux 5.4,
# writes changed ones to where memory swaps to, and takes the others from the kernel's cache too, which takes longer.
_DONT_NEED, _PAGE_OUT = 4, 21
# A mapping of a file of weights by proc(5), /proc/PID/smaps: its addresses, and how much of it is no longer the file's.
_MAPPED = re.compile(
    r"^(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) [^\n]*\.safetensors\n"
    r"(?:\w+:[^\n]*\n)*?Anonymous: +(?P<changed>\d+) kB\n(?:\w+:[^\n]*\n)*?Swap: +(?P<swapped>\d+) kB$",
    re.MULTILINE,
)


def give_back() -> None:
    """Until the model runs again; what a route has changed in memory stays as it is."""
    libc = ctypes.CDLL(None)
    for start, end, changed in _weights():
        advice = _PAGE_OUT if changed else _DONT_NEED
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), advice)


def _weights() -> Iterator[tuple[int, int, bool]]:
    """Where they are mapped, and whether anything of them was changed."""
    mapped = Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace")
    for found in _MAPPED.finditer(mapped):
        is_changed = (found["changed"], found["swapped"]) != ("0", "0")
        yield int(found["start"], 16), int(found["end"], 16), is_changed
